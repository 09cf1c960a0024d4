"""How a person sees a lead: what was known of it when it was scored, as rows of name and value. Plain values only."""

from __future__ import annotations

from pydantic import JsonValue

from kits.core.harmless import printable
from kits.core.showing import Shown
from kits.lead_scoring._lead import Value, decode_lead

MAX_ROWS = 200
MAX_VALUE = 300


def shown(content: bytes) -> Shown:
    """A lead as a person reads it.

    Raises:
        DataError: no lead.
    """
    lead = decode_lead(content)
    known = {name: value for name, value in lead.fields.items() if value is not None}
    rows: list[JsonValue] = [
        {"name": printable(name)[:MAX_VALUE], "value": _words(known[name])}
        for name in sorted(known)[:MAX_ROWS]
    ]
    when = f", {lead.at:%Y-%m-%d %H:%M}" if lead.at is not None else ""
    facts: dict[str, JsonValue] = {
        "rows": rows,
        "more_rows": max(0, len(known) - MAX_ROWS),
        "missing": len(lead.fields) - len(known),
        "at": lead.at.isoformat() if lead.at is not None else "",
    }
    return Shown(f"Lead {printable(lead.id) or 'without a number'}{when}", "", facts)


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return printable(str(value))[:MAX_VALUE]
