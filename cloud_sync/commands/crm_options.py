"""What a command line says of a connection's settings: the same options for `crm add` and `crm set`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kits.core.errors import UsageError

KindOption = Annotated[
    str,
    typer.Option(help="hubspot, salesforce, pipedrive, odoo, dynamics or webhook; it cannot change."),
]  # fmt: skip
ProjectOption = Annotated[
    str, typer.Option(help="Whose bundle scores its leads; without one it is only listened to.")
]
UrlOption = Annotated[
    str, typer.Option(help="Address of its API, where the kind has no public one.")
]
ThingOption = Annotated[
    str,
    typer.Option("--object", help="What a lead is there, if not the kind's own; it cannot change."),
]
SchemeOption = Annotated[str, typer.Option(help="How it signs, if not the kind's own way.")]
OptionsOption = Annotated[
    list[str] | None, typer.Option("--option", help="KEY=VALUE, what only this kind needs; may be repeated.")
]  # fmt: skip
AllowOption = Annotated[
    list[str] | None,
    typer.Option(help="A network of your own it may be in (CIDR); may be repeated, all are named together."),
]  # fmt: skip
WriteOption = Annotated[
    bool | None, typer.Option("--write/--no-write", help="Write scores back, or only show them here.")
]  # fmt: skip
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="YAML with further settings: fields, outcome, opt_out, …", readable=False),
]  # fmt: skip


def said_by(
    kind: str, url: str, thing: str, scheme: str, allow: list[str] | None, write: bool | None
) -> dict[str, object]:
    """What was said, by the names of settings; what was not is left out."""
    given = {
        "kind": kind, "url": url, "object": thing, "scheme": scheme, "allow": allow or [], "write": write
    }  # fmt: skip
    return {key: value for key, value in given.items() if value not in ("", [], None)}


def pairs_of(words: Sequence[str], where: str = "--option") -> dict[str, str]:
    """`KEY=VALUE` as they are typed. Raises UsageError."""
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            example = "--option organization=00D…" if where == "--option" else "min_change=5"
            raise UsageError(
                f"{word[:60]!r} is not KEY=VALUE", where=where, fix=f"for example {example}"
            )
        found[key.strip()] = value.strip()
    return found
