"""The verb `replay`: recorded data through a bundle as the device would have seen it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from kits.core.console import Console
    from kits.toolchain.replaying.run import Answer


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(replay)


PathOption = Annotated[Path, typer.Argument(help="Data like what was imported.")]
BundleOption = Annotated[
    str, typer.Option(metavar="PATH", help="A .kwb file; the newest one by default.")
]
FromDateOption = Annotated[
    str, typer.Option("--from", metavar="DATE", help="Machines: first moment, ISO 8601.")
]
ToDateOption = Annotated[
    str, typer.Option("--to", metavar="DATE", help="Machines: from here on nothing more.")
]
FailuresOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Machines: CSV asset,time,what,cost of what failed."),
]
ZoneOption = Annotated[
    str,
    typer.Option(
        "--timezone", metavar="ZONE", help="Machines: of dates without one, Europe/Berlin; UTC."
    ),
]
LeadOption = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="Machines: shortest warning that helps, as 8h or 2d; 0 by default."
    ),
]
HorizonOption = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="Machines: an alarm so long before a failure warns of it; 14d."
    ),
]
PlannedStopOption = Annotated[
    float | None,
    typer.Option(min=0.0, help="Machines: cost of a planned stop; costs.overkill by default."),
]
TuneOption = Annotated[
    bool, typer.Option("--tune", help="Machines: also the other positions of the dial.")
]
MinutesOption = Annotated[
    float | None, typer.Option(min=0.0, help="Mails: minutes one takes by hand; 2 by default.")
]
HourlyOption = Annotated[
    float | None,
    typer.Option(min=0.0, help="Mails: cost of an hour of that; costs.review each by default."),
]
PerMonthOption = Annotated[
    float | None,
    typer.Option(
        min=1.0, help="Leads: how many the team can call in a month; model.team by default."
    ),
]
ValueOption = Annotated[
    float | None,
    typer.Option(min=0.0, help="Leads: worth of one that is won; model.team.value by default."),
]
ContactOption = Annotated[
    float | None,
    typer.Option(min=0.0, help="Leads: cost of a call; model.team.contact by default."),
]
ReportOption = Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page of it.")]
DataFormatOption = Annotated[str, typer.Option("--format", help="Format of the data.")]


def replay(
    path: PathOption,
    bundle: BundleOption = "",
    from_date: FromDateOption = "",
    to_date: ToDateOption = "",
    failures: FailuresOption = None,
    zone: ZoneOption = "",
    lead: LeadOption = "",
    horizon: HorizonOption = "",
    planned_stop: PlannedStopOption = None,
    tune: TuneOption = False,
    minutes: MinutesOption = None,
    hourly: HourlyOption = None,
    per_month: PerMonthOption = None,
    value: ValueOption = None,
    contact: ContactOption = None,
    report: ReportOption = None,
    data_format: DataFormatOption = "auto",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What a bundle would have done with recorded data: alarms and failures, mails filed, or leads called, and money.

    Before an option stands whose bundles take it: Machines those of predictive-maintenance, Mails of support-triage,
    Leads of lead-scoring. Options without such a word are for all kits.
    """
    from kits import load_bundle
    from kits.core.console import Console
    from kits.core.discovery import get_kit
    from kits.toolchain.progress import make_progress
    from kits.toolchain.replaying import run
    from kits.toolchain.replaying.leads import LeadOptions
    from kits.toolchain.replaying.machines import ReplayOptions
    from kits.toolchain.replaying.mails import MailOptions

    console = Console(as_json, quiet)
    file, opened = run.bundle_of(project, bundle)
    ready = load_bundle(file)
    answer = run.replay(
        get_kit(ready.bundle.manifest.kit),
        ready,
        path,
        costs=opened.config.costs if opened else ready.bundle.operating_point.costs,
        options=ReplayOptions(
            from_date,
            to_date,
            failures,
            horizon,
            lead,
            zone,
            planned_stop,
            tune,
            MailOptions(minutes, hourly),
            LeadOptions(per_month, value, contact),
        ),
        format=data_format,
        config=opened.kit_config
        if opened and opened.kit.name == ready.bundle.manifest.kit
        else None,
        learned=run.learned_by(opened, ready),
        group_by=opened.config.data.group_by if opened else "",
        progress=make_progress(console),
    )
    _say(console, answer, report)


def _say(console: Console, answer: Answer, report: Path | None) -> None:
    """Writes the page where one is wanted, and tells the answer."""
    from kits.core.files import write_atomically

    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(report, answer.html.encode())
    console.answer(answer.line, answer.document)
    for row in answer.rows:
        console.note(row)
    if report is not None:
        console.note(f"page: {report}")
    console.next(answer.next)
