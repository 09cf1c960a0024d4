"""The verbs about what is kept for how long."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.sample import utc_now


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    retention = family(app, "retention", "What is kept for how long.")
    retention.command("plan")(retention_plan)
    retention.command("run")(retention_run)


def retention_plan(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Say what is kept for how long, what would go now, and what went already."""
    from cloud_sync.retention.preview import preview
    from cloud_sync.retention.rules import in_words
    from cloud_sync.retention.totals import pruned_ever

    console = Console(as_json)
    with opened(data) as hub:
        going = preview(hub, utc_now())
        rules = in_words(hub.config.retention)
        with hub.database.session() as session:
            gone = pruned_ever(session)
    rows = [
        (kind, rules.get(kind, ""), f"{number:,}", f"{gone.get(kind, 0):,}")
        for kind, number in going.items()
    ]
    parts = [f"{number:,} {kind}" for kind, number in going.items() if number]
    head = f"would go now: {', '.join(parts)}" if parts else "nothing would go now"
    console.answer(
        f"{head}\n{table(rows, ('what', 'kept', 'would go', 'went'))}",
        {"would_go": {**going}, "went": {**gone}, "rules": {**rules}},
    )
    console.next(f"cloud-sync retention run --data {data}")


def retention_run(
    limit_s: Annotated[float, typer.Option("--limit", min=1, help="Seconds at most.")] = 3600,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Remove now what the rules allow; a running hub does so by itself every hour."""
    from cloud_sync.hub import audit
    from cloud_sync.retention.pruner import Pruner

    if dry_run:
        retention_plan(data, as_json)
        return
    with opened(data) as hub:
        pruner = Pruner(hub, limit_s=limit_s, whole=True)
        gone = {kind: number for kind, number in pruner.turn().items() if number}
        with hub.database.transaction() as session:
            audit(session, operator(), "retention.run", "", **gone)
    parts = ", ".join(f"{number:,} {kind}" for kind, number in gone.items())
    more = "" if pruner.finished else "; there is more: run it again"
    console = Console(as_json)
    console.answer(
        f"removed {parts or 'nothing'}{more}", {"removed": {**gone}, "finished": pruner.finished}
    )
    console.next(f"cloud-sync ledger --data {data}")
