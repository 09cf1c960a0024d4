"""The verbs about cases of machines, and about the maintenance system that gets work orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    DeviceOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    family,
    note_rest,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import ConfigError, UnreachableError, UsageError
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from cloud_sync.cases.figures import CaseFigures
    from kits.core.stats import Estimate

CaseName = Annotated[str, typer.Argument(help="Its id.")]
NoteOption = Annotated[str, typer.Option(help="In words, kept with it.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    case = family(app, "case", "Alarms of machines, and what was found there.")
    case.command("list")(case_list)
    case.command("acknowledge")(case_acknowledge)
    case.command("close")(case_close)
    case.command("report")(case_report)
    cmms = family(app, "cmms", "Work orders in a maintenance system.")
    cmms.command("test")(cmms_test)
    cmms.command("simulate")(cmms_simulate)


def case_list(
    state: Annotated[str, typer.Option(help="open or closed.")] = "",
    device: DeviceOption = "",
    asset: Annotated[str, typer.Option(help="Only of this machine.")] = "",
    limit: LimitOption = 50,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List cases, open ones first, then the newest."""
    from cloud_sync.cases import reading

    which: reading.Which
    if state == "open":
        which = "open"
    elif state == "closed":
        which = "closed"
    elif not state:
        which = ""
    else:
        raise UsageError(f"no state {state!r}", fix="open or closed")
    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        asked = reading.Asked(which, device, asset)
        found = reading.find(session, asked, limit)
        total = reading.count(session, asked)
    rows = [
        (c.id, c.asset, c.device, c.level, c.state, c.since.isoformat(timespec="minutes"), c.label, c.cause)
        for c in found
    ]  # fmt: skip
    header = ("id", "asset", "device", "level", "state", "since", "supposed", "found")
    console.answer(table(rows, header), [reading.as_json(case) for case in found])
    note_rest(console, len(found), total)
    if any(case.closed_at is None for case in found):
        console.next(f"cloud-sync case close CASE --cause FOUND --data {data}")


def case_acknowledge(
    case: CaseName, note: NoteOption = "", data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Say that somebody has taken a case on."""
    from cloud_sync.cases import closing, reading
    from cloud_sync.effects.alerts import outbox_for

    with opened(data) as hub, hub.database.transaction() as session:
        config = hub.config
        effects = outbox_for(config.notify, config.cmms, config.url)
        taken = closing.acknowledge(session, effects, case, who=operator(), note=note)
        answer = reading.as_json(taken)
    Console(as_json).answer(f"{taken.asset} was taken on by {taken.acknowledged_by}", answer)


def case_close(
    case: CaseName,
    cause: Annotated[
        str, typer.Option(help="What was found: a fault's label, or normal for a false alarm.")
    ] = "",
    note: NoteOption = "",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Close a case; what was found becomes the label of the samples behind it."""
    from cloud_sync.cases import closing, reading
    from cloud_sync.effects.alerts import outbox_for

    console = Console(as_json)
    with opened(data) as hub, hub.database.transaction() as session:
        config = hub.config
        effects = outbox_for(config.notify, config.cmms, config.url)
        finding = closing.Finding(cause, operator(), note)
        done = closing.close(session, effects, case, finding)
        answer = {
            **reading.as_json(done.case),
            "labelled": done.labelled,
            "repeated": done.repeated,
        }
    said = "was closed before" if done.repeated else "is closed"
    console.answer(
        f"the case of {done.case.asset} {said}, {done.labelled} samples are labelled", answer
    )
    console.next(f"cloud-sync case report --data {data}")


def case_report(
    project: ProjectOption = "",
    days: Annotated[float, typer.Option(min=1, max=3660, help="Of the last so many days.")] = 180,
    level: Annotated[str, typer.Option(help="alarm, or warn for all cases.")] = "alarm",
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Say what alarms were worth: false ones per machine-month, how many were true, how early."""
    from cloud_sync.cases import figures

    if level not in ("alarm", "warn"):
        raise UsageError(f"no level {level!r}", fix="alarm or warn")
    with opened(data) as hub, hub.database.session() as session:
        found = figures.case_figures(
            session, now=utc_now(), days=days, project=project, level=level
        )
    Console(as_json).answer(_report_text(found), figures.as_json(found))


def _report_text(found: CaseFigures) -> str:
    head = (
        f"{found.cases} cases: {found.true} true, {found.false} false, {found.unknown} closed without"
        f" a cause, {found.standing} open; {found.machines} machines,"
        f" {found.machine_months:.1f} machine-months"
    )

    def shown(estimate: Estimate | None, digits: int) -> str:
        return estimate.text(digits) if estimate is not None and estimate.n else "–"

    rate = found.false_alarms.text(2) if found.false_alarms is not None else "–"
    rows = [
        ("false alarms per machine-month", rate),
        ("share of alarms that were true", shown(found.precision, 2)),
        ("hours from onset until found, median", shown(found.lead_h, 1)),
    ]
    return f"{head}\n\n{table(rows, ('figure', 'value [95 % interval]'))}"


def cmms_test(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Ask the maintenance system what the hub may do there, and change nothing. Exit code 5 if not all."""
    from dataclasses import asdict

    from cloud_sync.cmms.start import cmms_of
    from cloud_sync.config import load

    console = Console(as_json)
    config = load(data).cmms
    cmms = cmms_of(config)
    if cmms is None:
        raise ConfigError(
            "there is no CMMS to ask", where="cmms.kind",
            fix="odoo or erpnext; a webhook is tried with `cloud-sync effect test`",
        )  # fmt: skip
    checks = cmms.check()
    bad = [check for check in checks if not check.ok]
    head = (
        f"{len(bad)} of {len(checks)} checks failed"
        if bad
        else f"{cmms.name} lets the hub do what it needs"
    )
    rows = [("ok" if c.ok else "FIX", c.name, c.found, c.fix) for c in checks]
    console.answer(
        f"{head}\n\n{table(rows, ('', 'check', 'found', 'fix'))}",
        {"ok": not bad, "cmms": cmms.name, "checks": [asdict(check) for check in checks]},
    )
    if bad:
        raise typer.Exit(UnreachableError.exit_code)
    console.next(f"cloud-sync serve --data {data}")


def cmms_simulate(
    kind: Annotated[Literal["odoo", "erpnext"], typer.Argument(help="Which one to pretend.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on loopback.")] = 8069,
    key: Annotated[str, typer.Option(help="The key it lets in.")] = "demo-key",
) -> None:
    """Pretend a maintenance system on this machine, to try things out; it forgets all at its end."""
    import uvicorn

    from cloud_sync.cmms.simulator import Simulator
    from cloud_sync.cmms.simulators import simulator_app

    console = Console()
    console.answer(
        f"a pretended {kind} on http://127.0.0.1:{port}: set cmms.kind: {kind}, cmms.url to that, and"
        f" export KITWRIGHT_CMMS_KEY={key}",
        {},
    )
    console.next(f"curl http://127.0.0.1:{port}/simulator/orders")
    app = simulator_app(kind, Simulator(key=key))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
