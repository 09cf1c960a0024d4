"""The verb that has all records of a CRM listed: `crm sweep`. What a sweep is stands in `crm/inbound/sweeps.py`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

import typer

from cloud_sync.commands.crm_secrets import NameArgument
from cloud_sync.commands.options import DATA, DataOption, JsonOption, opened, operator
from kits.core.console import Console
from kits.core.errors import UsageError


def crm_sweep(
    name: NameArgument,
    since: Annotated[
        str, typer.Option(help="Only what was changed since this day (2026-05-04) or moment; empty: everything.")
    ] = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Have all records of a CRM listed, for what no message told; the running hub does it, and scores what it finds."""
    from cloud_sync.crm.inbound import sweeps
    from kits.core.sample import utc_now

    from_when = _moment(since)
    with opened(data) as hub, hub.database.transaction() as session:
        row = sweeps.ask_for(session, name, from_when, utc_now(), by=operator())
        told = sweeps.as_json(row)
        waits = row.paused_at is not None
    console = Console(as_json)
    begun = f"since {told['since']}" if told["since"] else "of everything"
    console.answer(f"a sweep of {name} is under way: {begun}", {"name": name, **told})
    if waits:
        console.note("the connection is paused: it goes on when that is over")
    console.next(f"cloud-sync crm list --data {data}")


def _moment(text: str) -> datetime | None:
    """A day or moment as a person types it; UTC where no zone is named."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError("neither a day nor a moment", where="--since", fix="--since 2026-05-04") from error  # fmt: skip
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
