"""Columns that `model.columns` names and no lead has: a word misspelt there would guard nothing, in silence.

What the reader left out (names, addresses, the outcome) is in no lead either, so a name without a like one is no error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kits.core.errors import ConfigError, nearly
from kits.lead_scoring._stand_ins import made_among, source_of
from kits.lead_scoring.config import ColumnsConfig

GUARDS = ("exclude", "protected", "opt_out")
"""Keys that keep something out of a model: learned from all the same would be harm."""
_KEYS = (*GUARDS, "keep", "numeric", "categorical", "actionable")


@dataclass(frozen=True)
class Misspelt:
    """A column that is not there, and one of a like name that is.

    Attributes:
        key: of `model.columns`.
    """

    key: str
    stated: str
    alike: str

    @property
    def said(self) -> str:
        """What is wrong, in a sentence."""
        return f"model.columns.{self.key} names {self.stated!r}, which no lead has"

    @property
    def fix(self) -> str:
        """What to do about it."""
        return f"did you mean {self.alike!r}? Else take it out of kit.yaml"


def reaching(names: Sequence[str], columns: ColumnsConfig) -> ColumnsConfig:
    """What a person said, of what was made of columns, too: who excludes `Phone` means whether there is one.

    Args:
        names: columns of the leads.
    """
    made = made_among(names)
    out = [name for name in made if source_of(name) in {*columns.exclude, *columns.protected}]
    kept = [name for name in made if source_of(name) in columns.keep]
    update = {"exclude": (*columns.exclude, *out), "keep": (*columns.keep, *kept)}
    return columns.model_copy(update=update)


def misspelt(names: Sequence[str], columns: ColumnsConfig) -> Iterator[Misspelt]:
    """Stated columns that are not there while one of a like name is, or was before something was made of it, which is not stated itself.

    Args:
        names: columns of the leads.
    """
    known = tuple(dict.fromkeys((*names, *map(source_of, names))))
    for key in _KEYS:
        for one, alike in nearly(getattr(columns, key), known).items():
            yield Misspelt(key, one, alike)


def refuse_misspelt(names: Sequence[str], columns: ColumnsConfig) -> None:
    """Stops a training that would learn from what a person wanted kept out.

    Raises:
        ConfigError: a column to keep out is misspelt.
    """
    for one in misspelt(names, columns):
        if one.key in GUARDS:
            raise ConfigError(one.said, where=f"kit.yaml: model.columns.{one.key}", fix=one.fix)
