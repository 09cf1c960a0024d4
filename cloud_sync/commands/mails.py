"""The verbs about mails: what deciding them is worth, gates, erasing a correspondent, the record of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    ProjectOption,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sync.mails.figures import MailFigures
    from cloud_sync.mails.finding import Found
    from kits.core.stats import Estimate

_DIGEST = 12
"""Characters of a digest that a person compares."""

BundleName = Annotated[str, typer.Argument(help="Id of the bundle, or its beginning.")]
WhyOption = Annotated[str, typer.Option(help="The reason: told to the devices, and recorded.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    mails = family(app, "mails", "What was decided about mails, and who is forgotten.")
    mails.command("figures")(mails_figures)
    mails.command("gates")(mails_gates)
    mails.command("close")(mails_close)
    mails.command("open")(mails_open)
    mails.command("erase")(mails_erase)
    log = family(
        mails, "log", "The record of what was done with mails, each entry bound to the one before."
    )
    log.command("show")(log_show)
    log.command("verify")(log_verify)
    log.command("export")(log_export)


def mails_figures(
    project: ProjectOption = "",
    weeks: Annotated[int, typer.Option(min=1, max=260, help="The last so many weeks.")] = 12,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Say what was decided without a person, how often wrongly, and what became of drafts."""
    from cloud_sync.mails import figures

    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        report = figures.mail_report(
            session, hub.config.prices, now=utc_now(), weeks=weeks, project=project
        )
    if not report.projects:
        console.answer(f"no mails since {report.since:%Y-%m-%d}", figures.as_json(report))
        return
    text = "\n\n".join(_project_text(one) for one in report.projects)
    rows = [_line(one, f"{one.week:%Y-%m-%d}") for one in report.weeks]
    bundles = [_line(one, one.bundle[:12]) for one in report.bundles]
    header = ("project", "mails", "decided", "wrong of audited", "drafts kept/edited/discarded")
    console.answer(
        f"{text}\n\n{table(rows, ('week', *header))}\n\n{table(bundles, ('bundle', *header))}",
        figures.as_json(report),
    )
    console.next(f"cloud-sync mails gates --data {data}")


def _project_text(one: MailFigures) -> str:
    tally = one.tally
    rows = [
        ("decided without a person", _percent(one.share), f"{tally.acts} of {tally.mails} mails"),
        (
            "wrong among audited decisions", _percent(one.error),
            f"{tally.audits_wrong} of {tally.audits}, drawn at random; {tally.audits_waiting} not filed yet",
        ),
        (
            "wrong routes found by chance", "",
            f"{tally.later_wrong} of {tally.later} somebody looked at; tells nothing of the others",
        ),
        (
            "drafts sent as they were", _percent(one.unchanged),
            f"{tally.accepted} of {tally.drafts}; {tally.edited} edited, {tally.discarded} discarded",
        ),
        (
            "suggestions a person agreed with", _percent(one.agreed),
            f"{tally.suggested_right} of {tally.suggested} by a language model; they decided nothing",
        ),
        ("changed in an edited draft, median", _percent(one.changed), f"{tally.edited} edited"),
        ("hours until the answer, median", _plain(one.answer_h, 1), f"{len(tally.answer_h)} answers"),
        (
            "minutes saved", _plain(one.minutes, 0),
            "prices.mail_minutes, answer_minutes; a dry run counts as if it had filed",
        ),
        (f"money saved, {one.currency}", _plain(one.money, 0), "the project's costs, prices.minute"),
    ]  # fmt: skip
    head = f"{one.project or 'unknown bundles'}: {tally.mails} mails"
    return f"{head}\n{table(rows, ('figure', 'value [95 % interval]', 'counted from'))}"


def _line(one: MailFigures, name: str) -> Sequence[object]:
    tally = one.tally
    drafts = f"{tally.accepted}/{tally.edited}/{tally.discarded}"
    return name, one.project, tally.mails, _percent(one.share), _percent(one.error), drafts


def _percent(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.n:
        return "–"
    value, low, high = (100 * v for v in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def _plain(estimate: Estimate | None, digits: int) -> str:
    return estimate.text(digits) if estimate is not None else "–"


def mails_gates(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List the promises of bundles, with what audits say of them."""
    from cloud_sync.mails import gates

    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        found = gates.listed(session)
    rows = [
        (
            one.bundle[:12], one.project, "closed" if one.closed_at else "open",
            f"≤ {one.epsilon:.1%}", f"{one.wrong} of {one.audits}",
            f"{one.evidence:.1f} of {1 / one.delta:.0f}", one.because,
        )
        for one in found
    ]  # fmt: skip
    header = ("bundle", "project", "gate", "promise", "wrong", "evidence against it", "why")
    console.answer(table(rows, header), [gates.as_json(one) for one in found])
    if any(one.closed_at for one in found):
        console.next(f"cloud-sync mails open BUNDLE --why REASON --data {data}")


def mails_close(
    bundle: BundleName, why: WhyOption, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Close a bundle's gate: every mail it decides goes to a person."""
    _say(bundle, why, data, as_json, close=True)


def mails_open(
    bundle: BundleName, why: WhyOption, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Open a bundle's gate; audits that were judged before count no more."""
    _say(bundle, why, data, as_json, close=False)


def _say(bundle: str, why: str, data: DataOption, as_json: bool, *, close: bool) -> None:
    from cloud_sync.mails import gates

    act = gates.close_gate if close else gates.open_gate
    with opened(data) as hub, hub.database.transaction() as session:
        gate = act(session, bundle, who=operator(), why=why)
        answer = gates.as_json(gate)
    state = "closed" if close else "open"
    console = Console(as_json)
    console.answer(f"the gate of {gate.bundle[:12]} is {state}; devices hear of it", answer)
    console.next(f"cloud-sync mails log show --data {data}")


def mails_erase(
    address: Annotated[str, typer.Argument(help="The correspondent's mail address.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be erased.")
    ] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Erase a correspondent for ever: mails, what was found in them, drafts; here and on the devices."""
    from cloud_sync.mails import erasure, finding

    console = Console(as_json)
    with opened(data) as hub:
        if dry_run:
            found = finding.find(hub, address)
            console.answer(
                f"would erase {_words(len(found.samples), found)}", finding.found_json(found)
            )
            console.next(f"cloud-sync mails erase ADDRESS --data {data}")
            return
        done = erasure.erase(hub, address, by=operator())
    later = "" if done.bytes_gone else "; their bytes go within the hour"
    console.answer(f"erased {_words(done.samples, done.found)}{later}", erasure.as_json(done))
    console.next(f"cloud-sync mails log verify --data {data}")


def _words(samples: int, found: Found) -> str:
    parts = [f"{samples} mails"]
    if found.versions:
        items = sum(found.versions.values())
        parts.append(
            f"{items} items of {len(found.versions)} dataset versions, which go on without them"
        )
    if found.devices:
        parts.append(f"and what {len(found.devices)} devices know")
    text = ", ".join(parts)
    if found.bundles:
        names = ", ".join(name[:12] for name in found.bundles)
        text += (
            f". Signed bundles that carry such a mail as a golden sample stay as they are: {names}; train"
            " anew, then `kit withdraw` them"
        )
    return text


def _in_words(details: JsonValue) -> str:
    """`samples 2, devices 1`: what an entry counts; digests short, empty lists left out."""
    if not isinstance(details, dict):
        return str(details)
    told = {
        name: ", ".join(str(one)[:_DIGEST] for one in value)
        if isinstance(value, list)
        else str(value)[:_DIGEST]
        if name == "who"
        else str(value)
        for name, value in details.items()
    }
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def log_show(
    limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 50,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Show what was done with mails here, newest first."""
    from cloud_sync.mails import chain

    with opened(data) as hub, hub.database.session() as session:
        found = [chain.as_json(row) for row in chain.newest(session, limit)]
    rows = [
        (e["number"], e["at"], e["who"], e["what"], str(e["target"])[:12], _in_words(e["details"]))
        for e in found
    ]
    console = Console(as_json)
    console.answer(table(rows, ("number", "at", "who", "what", "of", "details")), found)
    console.next(f"cloud-sync mails log verify --data {data}")


def log_verify(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Check that no entry was changed, left out or cut off. Exit code 1 if one was."""
    from cloud_sync.mails import chain

    with opened(data) as hub, hub.database.session() as session:
        checked = chain.verify(session)
    text = f"{checked.good} entries hold"
    Console(as_json).answer(
        f"{text}; {checked.fault}" if checked.fault else text,
        {"good": checked.good, "fault": checked.fault},
    )
    if checked.fault:
        raise typer.Exit(1)


def log_export(data: DataOption = DATA) -> None:
    """Print all entries, oldest first: each line its SHA-256, a blank, and what that is of."""
    from cloud_sync.mails import chain

    with opened(data) as hub, hub.database.session() as session:
        for row in chain.entries(session):
            typer.echo(chain.export_line(row))
