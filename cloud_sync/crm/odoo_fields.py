"""Fields of an Odoo model: which there are, made where they are missing, checked. Records are `odoo.py`."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.base import Check
from cloud_sync.crm.fitting import Fitting, check_type
from cloud_sync.crm.http import one, text
from cloud_sync.crm.settings import Fields
from cloud_sync.crm.shown import FieldInfo, Shape, shown_fields
from cloud_sync.effects.odoo_calls import OdooCalls
from cloud_sync.effects.targets import DeliveryError

_TYPES: dict[Shape, str] = {
    "whole": "integer", "share": "float", "percent": "float", "choice": "char", "lines": "text",
    "moment": "datetime",
}  # fmt: skip
_FITTING: Fitting = {
    "whole": frozenset({"integer", "float"}),
    "share": frozenset({"float"}),
    "percent": frozenset({"float"}),
    "choice": frozenset({"char", "selection", "text"}),
    "lines": frozenset({"text", "char"}),
    "moment": frozenset({"datetime"}),
}
_MISSING: Final = "`cloud-sync crm fields NAME` makes it if the key's user has the role Administration: Settings; or Studio"


class ModelFields:
    """The fields of one model, looked up when they are first needed."""

    def __init__(self, calls: OdooCalls, model: str) -> None:
        self._calls = calls
        self._model = model
        self._types: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        """Name → label, as of the last look."""

    def types(self, *, anew: bool = False) -> dict[str, str]:
        """Name → type. Raises DeliveryError."""
        if anew or not self._types:
            found = one(self._calls.call(self._model, "fields_get", attributes=["type", "string"]))
            self.labels = {name: text(one(info).get("string")) for name, info in found.items()}
            self._types = {name: text(one(info).get("type")) for name, info in found.items()}
        return self._types

    def make(self, fields: Fields) -> None:
        """Makes those that are missing.

        Raises:
            DeliveryError: the user may not, or there is no such model.
        """
        there = self.types(anew=True)
        missing = [(name, info) for name, info in shown_fields(fields) if name not in there]
        if not missing:
            return
        found = self._calls.rows("ir.model", [["model", "=", self._model]], ["id"], limit=1)
        if not found:
            raise DeliveryError(f"has no model {self._model}", where=self._model, retry=False)
        rows: list[JsonValue] = [_row(found[0].get("id"), name, info) for name, info in missing]
        self._calls.call("ir.model.fields", "create", vals_list=rows)
        self.types(anew=True)

    def checks(self, fields: Fields) -> list[Check]:
        """Whether each is there and fits. Raises DeliveryError."""
        there = self.types()
        return [
            check_type(
                name, info, there.get(name), _FITTING, wanted=_TYPES[info.shape], missing=_MISSING
            )
            for name, info in shown_fields(fields)
        ]


def _row(model: JsonValue, name: str, info: FieldInfo) -> dict[str, JsonValue]:
    return {
        "model_id": model, "name": name, "field_description": info.label, "help": info.help,
        "ttype": _TYPES[info.shape], "state": "manual",
    }  # fmt: skip
