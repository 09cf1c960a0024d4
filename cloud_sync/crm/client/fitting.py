"""Whether a field of a CRM is there and can hold what is written to it: the same sentences for all kinds.

Which types fit, and what to do about a missing field, is for each CRM's own file.
"""

from __future__ import annotations

from collections.abc import Mapping

from cloud_sync.crm.client.shown import FieldInfo, Shape
from cloud_sync.effects.checks import Check

Fitting = Mapping[Shape, frozenset[str]]
"""The CRM's types that can hold a shape."""


def check_type(
    name: str,
    info: FieldInfo,
    kind: str | None,
    fitting: Fitting,
    *,
    wanted: str,
    missing: str,
    found: str = "",
) -> Check:
    """The check of one field.

    Args:
        kind: its type in the CRM; None: there is no such field.
        wanted: the type it is made with.
        missing: what to do when there is none.
        found: what is said of it; empty: its type.
    """
    if kind is None:
        return Check(f"field {name}", False, "missing", missing)
    fine = kind in fitting[info.shape]
    fix = "" if fine else f"name a field of the type {wanted} in fields.{info.part}"
    return Check(f"field {name}", fine, found or kind, fix)
