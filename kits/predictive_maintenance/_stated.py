"""Channels that `model` names and no recording has: a word misspelt there would keep nothing out, in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kits.core.errors import ConfigError, did_you_mean, nearly
from kits.core.kit import Finding
from kits.predictive_maintenance.config import Config

_NONE = "none"


def _wrong(channels: Sequence[str], config: Config) -> Iterator[tuple[str, str, str]]:
    """Key of `model`, the name it states, and what is to be done."""
    names = list(dict.fromkeys(channels))
    for one, alike in nearly(config.ignore, names).items():
        yield "ignore", one, f"did you mean {alike!r}? Else take it out of kit.yaml"
    for key in ("speed_channel", "tacho_channel"):
        one = getattr(config, key)
        # physics learns nothing of recordings: they may lack what devices have
        later = config.approach == "physics" and not nearly([one], names)
        if one and one != _NONE and one not in names and not later:
            yield key, one, did_you_mean(one, names)


def misspelt(channels: Sequence[str], config: Config) -> Iterator[Finding]:
    """What `kit check` says of them.

    Args:
        channels: names in the recordings; none where nothing is recorded yet.
    """
    for key, one, fix in _wrong(channels, config) if channels else ():
        text = f"model.{key} names {one!r}, which no recording has"
        yield Finding("channel-misspelt", "fail", text, fix=fix)


def refuse_misspelt(channels: Sequence[str], config: Config) -> None:
    """Stops a training that would learn from what a person wanted kept out, or without what tells the speed.

    Raises:
        ConfigError: such a name.
    """
    for found in misspelt(channels, config):
        raise ConfigError(found.text, where="kit.yaml", fix=found.fix)
