"""The verbs about leads: the hot list, one lead, which bundle scores, trying again, forgetting somebody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    LimitOption,
    counted,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import UsageError

if TYPE_CHECKING:
    from cloud_sync.crm.leads.hotlist import Listed
    from cloud_sync.store.models import CrmLead, CrmScore

ConnectionName = Annotated[str, typer.Argument(help="The CRM's connection.", metavar="CONNECTION")]
LeadName = Annotated[str, typer.Argument(help="The lead's id in the CRM.", metavar="ID")]
ProjectName = Annotated[str, typer.Argument(help="The project of leads.", metavar="PROJECT")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_DIGEST = 12


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    leads = family(app, "leads", "Leads of CRMs: whom to call first, and why.")
    leads.command("list")(leads_list)
    leads.command("show")(leads_show)
    leads.command("models")(leads_models)
    leads.command("back")(leads_back)
    leads.command("forward")(leads_forward)
    leads.command("erase")(leads_erase)


def leads_list(
    connection: Annotated[str, typer.Option(help="Only of this CRM.")] = "",
    band: Annotated[str, typer.Option(help="hot, warm or cold.")] = "",
    search: Annotated[str, typer.Option(help="Any text of a lead.")] = "",
    state: Annotated[
        str, typer.Option(help="open, won, lost, gone, dead (waits for a person), opted-out, all.")
    ] = "open",
    limit: LimitOption = 20,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List leads in the team's order, with those that stand there by lot."""
    from cloud_sync.crm.leads import hotlist, leads
    from cloud_sync.crm.leads.lots import lots
    from cloud_sync.crm.scoring.cutting import cuts

    with opened(data) as hub, hub.database.session() as session:
        if connection:
            leads.require_connection(session, connection)
        wanted = hotlist.LeadFilter(connection, band, search, state)
        by_lot = lots(session, hub.config.leads.exploration)
        found = hotlist.page(session, wanted, by_lot, limit=limit)
        more = hotlist.count(session, wanted) if found.next else 0
        known = cuts(session)
    console = Console(as_json)
    console.answer(
        table([_line(one) for one in found.leads], ("points", "band", "name", "lead", "why")),
        [
            {**leads.as_json(one.lead, known.get(one.lead.connection)), "by_lot": one.lot}
            for one in found.leads
        ],
    )
    if more:
        how = "--limit shows more" if limit < hotlist.MAX_PAGE else "GET /v1/leads has all of them"
        console.note(f"the first {len(found.leads)} of {more}: {how}")
    if found.leads:
        console.next(f"cloud-sync leads show CONNECTION ID --data {data}")
    elif state != hotlist.ALL:
        console.next(f"cloud-sync leads list --state {hotlist.ALL} --data {data}")


def _line(one: Listed) -> tuple[object, ...]:
    from cloud_sync.crm.leads import leads
    from cloud_sync.crm.scoring.scored import reasons_in
    from cloud_sync.crm.scoring.storing import shown_band

    lead = one.lead
    points = "–" if lead.points is None else lead.points
    state = "opted out" if lead.opted_out else lead.state
    marks = ("by lot" if one.lot else "", lead.trial)
    band = ", ".join(filter(None, (shown_band(lead) or state, *marks)))
    why = lead.dead or "; ".join(reason.marked for reason in reasons_in(lead.reasons[:2]))
    name = ", ".join(filter(None, (leads.title_of(lead), leads.firm_of(lead))))
    return points, band, name, f"{lead.connection} {lead.object_id}", why


def leads_show(
    connection: ConnectionName,
    object_id: LeadName,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Show a lead: its score, the reasons, what the CRM shows, and its course."""
    from cloud_sync.crm.connection.condition import conditions, turn_of
    from cloud_sync.crm.connection.connections import settings_of
    from cloud_sync.crm.leads import leads
    from cloud_sync.crm.scoring.cutting import cuts
    from cloud_sync.crm.scoring.scored import reasons_in
    from cloud_sync.store.models import CrmConnection
    from kits.core.sample import utc_now

    with opened(data) as hub, hub.database.session() as session:
        lead = leads.find(session, connection, object_id)
        course = leads.course(session, lead)
        row = session.get_one(CrmConnection, connection)
        settings = settings_of(row)
        cut = cuts(session).get(connection)
        turn = turn_of(lead, conditions(session, [row], utc_now())[connection])
    said = leads.delivery(lead, settings)
    rows: list[tuple[object, object]] = [
        ("name", leads.title_of(lead)),
        ("firm", leads.firm_of(lead)),
        ("points", "" if lead.points is None else lead.points),
        ("probability", _probability(lead)),
        ("band", lead.band),
        *([("has", f"{lead.trial}: not learned from")] if lead.trial else []),
        ("said by a person", lead.override.get("band") or ""), ("state", lead.state),
        *([("waits", f"to be read and scored again. {turn.why}".rstrip())] if turn.waits else []),
        ("in the CRM", ": ".join(filter(None, (said.state, said.why)))), ("bundle", lead.bundle[:_DIGEST]),
        *[("why", reason.marked) for reason in reasons_in(lead.reasons)], *[("hint", hint) for hint in lead.hints],
        *[(f"{row.at:%Y-%m-%d %H:%M} UTC", _step(row)) for row in course],
    ]  # fmt: skip
    steps: list[JsonValue] = [leads.entry_json(row) for row in course]
    told = {**leads.as_json(lead, cut, fields=True), "course": steps}
    Console(as_json).answer(table(rows, ("what", "is")), told)


def _step(row: CrmScore) -> str:
    who, why = row.override.get("who"), row.override.get("why")
    said = f", said {who}{f': {why}' if why else ''}" if who else ""
    return "no score" + said if row.points is None else f"{row.points} {row.band}{said}"


def _probability(lead: CrmLead) -> str:
    """With its interval and how sure that is, where the bundle told them."""
    if lead.probability is None:
        return ""
    told = lead.low is not None and lead.high is not None
    interval = f" [{lead.low:.3f}, {lead.high:.3f}]" if told else ""
    level = f" ({100 * lead.confidence:.3g}%)" if told and lead.confidence is not None else ""
    new = lead.probability_when_new
    came = "" if new is None or new == lead.probability else f", {new:.3f} when it came"
    return f"{lead.probability:.3f}{interval}{level}{came}"


def leads_models(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Say which bundle scores each project's leads, and what was refused."""
    from cloud_sync.crm.leads.lots import share_of
    from cloud_sync.crm.scoring.models import in_force, model_json
    from cloud_sync.crm.scoring.projects import projects

    with opened(data) as hub, hub.database.session() as session:
        rows = [row for name in projects(session) if (row := in_force(session, name))]
        most = hub.config.leads.exploration
    lines = [
        (
            row.project, row.bundle[:_DIGEST] or "none", row.previous[:_DIGEST], f"{100 * share_of(row, most):.3g}%",
            "held" if row.held else "", "; ".join(str(why) for why in row.refused.values()),
        )
        for row in rows
    ]  # fmt: skip
    Console(as_json).answer(
        table(lines, ("project", "bundle", "before", "by lot", "", "refused")),
        [model_json(row, most) for row in rows],
    )


def leads_back(project: ProjectName, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Go back to the bundle before; all open leads are scored anew by it, until you go forward."""
    from cloud_sync.crm.scoring.models import LeadModels

    with opened(data) as hub:
        bundle = LeadModels(hub).back(project, by=operator())
    console = Console(as_json)
    console.answer(f"{project} is scored by {bundle[:_DIGEST]} again", {"bundle": bundle})
    console.next(f"cloud-sync leads forward {project} --data {data}")


def leads_forward(
    project: ProjectName, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Take the newest release again, also one that was refused before."""
    from cloud_sync.crm.scoring.models import LeadModels

    with opened(data) as hub:
        models = LeadModels(hub)
        changed = models.forward(project, by=operator())
        bundle = models.current(project).id
    text = f"{project} is scored by {bundle[:_DIGEST]}{'' if changed else ', as before'}"
    Console(as_json).answer(text, {"bundle": bundle, "changed": changed})


def leads_erase(
    connection: ConnectionName,
    object_ids: Annotated[
        list[str] | None, typer.Argument(help="The leads' ids in the CRM.", metavar="[ID]…")
    ] = None,
    ids_file: Annotated[
        Path | None,
        typer.Option("--ids", help="A file with ids, one a line: many at once take one pass.", readable=False),
    ] = None,
    yes: YesOption = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Erase leads for ever: fields, scores, events, samples; and take their scores away in the CRM."""
    from cloud_sync.crm.erasure import forgetting
    from cloud_sync.crm.inbound import merging

    wanted = list(dict.fromkeys([*(object_ids or []), *_ids_in(ids_file)]))
    if not wanted:
        raise UsageError("no lead is named", where="ID", fix="cloud-sync leads list")
    console = Console(as_json)
    with opened(data) as hub:
        if not yes:
            what = f"{connection}/{wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} leads of {connection}"  # fmt: skip
            typer.confirm(f"Erase {what}? Nobody can bring it back", abort=True)
        named = [(connection, one) for one in wanted]
        with hub.database.session() as session:
            others = merging.joined(session, connection, wanted)
        erased = forgetting.forget_all(hub, named, by=operator(), told=_progress(console))
    done = erased.leads
    told = [forgetting.as_json(one) for one in done]
    events, scores, samples = (
        counted(sum(counts), what)
        for counts, what in (
            ([one.events for one in done], "event"),
            ([one.scores for one in done], "score"),
            ([one.samples for one in done], "sample"),
        )
    )
    versions = f"{counted(erased.versions, 'dataset version')} {'goes' if erased.versions == 1 else 'go'} on without"
    console.answer(
        f"erased: {events}, {scores}, {samples}; {versions} {'it' if len(done) == 1 else 'them'}",
        told[0] if len(told) == 1 else [*told],
    )
    if done[0].projects:
        console.note(
            f"where data of {', '.join(done[0].projects)} was imported they may be too: in that project's folder "
            + "\n  ".join(one.command for one in done)
        )
    if others:
        console.note(
            "merged in the CRM with what was erased, and still here: the same person, most likely: "
            f"cloud-sync leads erase {connection} {' '.join(others)} --data {data}"
        )
    if not done[0].bytes_gone:
        console.note("its bytes go as soon as nobody reads them (a backup does)")


def _ids_in(path: Path | None) -> list[str]:
    """One a line; blank lines are none."""
    from kits.core.settings import read_text

    return [line.strip() for line in read_text(path).splitlines() if line.strip()] if path else []


def _progress(console: Console) -> Callable[[int, int], None]:
    """Draws how many dataset versions are done, on a terminal only."""

    def told(done: int, of: int) -> None:
        if console.interactive:
            end = "\n" if done == of else ""
            sys.stderr.write(f"\r{done} of {of} dataset versions{end}")
            sys.stderr.flush()

    return told
