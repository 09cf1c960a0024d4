"""Choices of a pretended CRM: its API has another word for them than its pages and exports, as in real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from cloud_sync.crm.simulator.values import Fields
from cloud_sync.crm.simulator.world import CHOICES


class Choices:
    """Columns of the made-up world that are choices there.

    Args:
        names: column of the world → its name there.
        code: a label, and its place from 1, → what the API calls it.
    """

    def __init__(self, names: Mapping[str, str], code: Callable[[str, int], JsonValue]) -> None:
        self.names = names
        self._codes = {
            column: {label: code(label, place) for place, label in enumerate(CHOICES[column], 1)}
            for column in names
        }
        self._labels = {
            name: {str(value): label for label, value in self._codes[column].items()}
            for column, name in names.items()
        }

    def value(self, column: str, label: JsonValue) -> JsonValue:
        """What the API has for a cell of the world; what is no choice stays."""
        return self._codes.get(column, {}).get(str(label), label)

    def of(self, name: str) -> Mapping[str, str]:
        """Value, as a text → label of a field; empty: it is no choice."""
        return self._labels.get(name, {})

    def label(self, name: str, value: JsonValue) -> str:
        """The label of a field's value; empty: it has none."""
        return self.of(name).get(str(value), "")

    def shown(self, fields: Mapping[str, JsonValue]) -> Fields:
        """Fields as an export shows them: by labels."""
        return {name: self.label(name, value) or value for name, value in fields.items()}


def title(name: str) -> str:
    """What people call a field that nobody named otherwise: `last_form` → `Last form`."""
    return name.replace("_", " ").strip().capitalize()
