"""Settings of a connection by keys with dots (`outcome.lost`): as they are told, and as a person edits them.

What comes of an edit is `changing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from cloud_sync.crm.connection.settings import CrmSettings
from kits.core.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be different.

    Attributes:
        values: key with dots (`outcome.lost`) → text, or whatever a file says; a section of a file is taken key by key.
        unset: keys that are to be as if nobody had ever said anything of them.
    """

    values: Mapping[str, object]
    unset: tuple[str, ...] = ()

    def apply(self, raw: dict[str, JsonValue]) -> None:
        """Makes it, in settings as JSON has them. Raises UsageError for a key that is none."""
        for key in self.unset:
            _unset(raw, key)
        for key, value in self.values.items():
            _set(raw, key, value)


def flat(settings: CrmSettings) -> dict[str, JsonValue]:
    """All settings by keys with dots."""
    found: dict[str, JsonValue] = {}
    for key, value in settings.model_dump(mode="json").items():
        found |= flat_part(settings, key) if isinstance(value, dict) else {key: value}
    return found


def flat_part(settings: CrmSettings, section: str) -> dict[str, JsonValue]:
    """The settings of one section."""
    found = settings.model_dump(mode="json")[section]
    return {f"{section}.{part}": value for part, value in found.items()}


def _set(raw: dict[str, JsonValue], key: str, value: object) -> None:
    section, _, part = key.partition(".")
    inner = raw.get(section)
    if isinstance(inner, dict) and not part and isinstance(value, Mapping):
        for one, said in value.items():
            _set(raw, f"{key}.{one}", said)
    elif isinstance(inner, dict) and part and (part in inner or section == "options"):
        inner[part] = _fitting(inner.get(part), value)
    elif section in raw and not part:
        raw[section] = _fitting(inner, value)
    else:
        raise _unknown(raw, key)


def _fitting(known: JsonValue, value: object) -> JsonValue:
    """A text where a list is wanted is one with commas, as a command line has it."""
    if isinstance(known, list) and isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return cast(JsonValue, value)  # what YAML gives; the model judges it


def _unset(raw: dict[str, JsonValue], key: str) -> None:
    section, _, part = key.partition(".")
    inner = raw.get(section)
    if isinstance(inner, dict) and part in inner:
        del inner[part]
    elif section in raw and not part:
        del raw[section]
    else:
        raise _unknown(raw, key)


def _unknown(raw: Mapping[str, JsonValue], key: str) -> UsageError:
    known = [*raw, *(f"{name}.{part}" for name, one in raw.items() if isinstance(one, dict) for part in one)]  # fmt: skip
    return UsageError(f"no setting {key!r}", where=key, fix=did_you_mean(key, known))
