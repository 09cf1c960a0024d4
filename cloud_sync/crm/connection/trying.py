"""Tries a connection and changes nothing: is it reached, are its messages known, what may the hub do there, what would it
write.

A message is signed to ourselves; the CRM is asked, never told. What each finding means is said in words, with its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.crm.connection import adding, connections
from cloud_sync.crm.connection.choices import check_outcome
from cloud_sync.crm.connection.connections import Connection
from cloud_sync.crm.inbound.schemes.signing import sign
from cloud_sync.crm.inbound.schemes.table import scheme_of
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError, verify
from cloud_sync.crm.kinds.base import Crm, Record
from cloud_sync.crm.kinds.incoming import is_told, own_fields, scheme_name
from cloud_sync.crm.scoring import cutting
from cloud_sync.crm.scoring.learned import speaking
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.scoring.payloads import score_all, trials_among, unheard_in
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.crm.scoring.unheard import remedy, said_elsewhere
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmLead
from cloud_sync.store.types import JsonObject
from kits.core.errors import KitwrightError
from kits.core.ready import ReadyBundle
from kits.core.runtime import Asks, Sifts

SHOWN = 5
"""Leads that are tried."""
NAMED = 10
"""Columns that are named."""
_ENOUGH = 3
"""Leads whose value in a column nobody has met; one or two may come by chance."""
_VALUE = 40
"""Characters of a value that is shown."""
_BODY = b'{"kitwright": "test"}'


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found, and what would be written of some leads."""

    checks: tuple[Check, ...]
    would: tuple[JsonObject, ...] = ()


def try_connection(
    hub: Hub,
    connection: Connection,
    opener: Callable[[Connection], Crm],
    models: LeadModels,
    now: datetime,
) -> Trial:
    """Tries everything; one thing that is wrong keeps nothing else from being tried.

    Args:
        opener: gives its CRM. Raises ConfigError while something is missing.
    """
    checks = [
        *_hearing(hub, connection, now),
        *_alerts(hub, connection),
        *_outcome(connection),
    ]
    crm, checked = _api(opener, connection)
    checks += [*checked, *(check_outcome(crm, connection.settings) if crm is not None else ())]
    ready, checked = _bundle(models, connection)
    checks += checked
    would: tuple[JsonObject, ...] = ()
    if crm is not None and ready is not None:
        checked, would = _dry_run(hub, connection, crm, ready, now)
        checks += checked
    return Trial(tuple(checks), would)


def _hearing(hub: Hub, connection: Connection, now: datetime) -> Iterator[Check]:
    """How it hears of changes."""
    if is_told(connection.settings, connection.secrets.webhook):
        yield _address(hub.config.url, connection.settings.url)
        yield from _messages(hub, connection, now)
    else:
        yield Check("messages", True, adding.asked_only(connection.settings))


def _address(url: str, crm_url: str) -> Check:
    wrong = adding.warnings(url, crm_url)
    return Check("address", not wrong, url, wrong[0] if wrong else "")


def _messages(hub: Hub, connection: Connection, now: datetime) -> Iterator[Check]:
    """A message of each secret is signed and verified; one of another secret must not pass."""
    settings = connection.settings
    name, options = scheme_name(settings), dict(settings.options)
    secrets = connection.secrets.webhook
    fix = f"cloud-sync crm secret {connection.name}"
    try:
        scheme = scheme_of(name, options)
    except KitwrightError as error:
        yield Check("scheme", False, error.what, error.fix)
        return
    demanded = [key for key in ("networks", "proxy_header") if options.pop(key, "")]
    if not secrets:
        known = "networks" in demanded and getattr(scheme, "or_networks", False)
        found = "none: known by its network alone" if known else "none: no message is taken"
        yield Check("secret of messages", known, found, "" if known else fix)
    url = connections.webhook_url(hub, connection.name)
    for number, secret in enumerate(secrets):
        which = "secret of messages" if not number else "secret before it"
        try:
            made = sign(scheme, url, _BODY, secret, now.timestamp())
            verify(scheme, made, secrets, now.timestamp(), options)
            forged = sign(scheme, url, _BODY, adding.draw(settings), now.timestamp())
            passes = _passes(lambda f=forged: verify(scheme, f, secrets, now.timestamp(), options))  # type: ignore[misc]  # bound now
            said = f"a message signed by {name} is known, a forged one is not"
            yield Check(which, not passes, said if not passes else "any message passes", "" if not passes else fix)  # fmt: skip
        except UnverifiedError:
            yield Check(which, False, f"it is no secret for {name}", fix)
        except KitwrightError as error:
            yield Check(which, "public key" in error.what, error.what, error.fix)
    for key in demanded:
        yield Check(key, True, f"demanded besides: {settings.options[key]}")


def _passes(verified: Callable[[], object]) -> bool:
    try:
        verified()
    except UnverifiedError:
        return False
    return True


def _alerts(hub: Hub, connection: Connection) -> Iterator[Check]:
    """What the running hub has found."""
    with hub.database.session() as session:
        query = select(Alert).where(Alert.seen_at.is_(None), Alert.name.startswith("crm-"))
        for alert in session.scalars(query.order_by(Alert.at)):
            if alert.where == connection.name:
                yield Check(f"alert {alert.name}", False, alert.text, "docs/reference/alerts.md")


def _outcome(connection: Connection) -> Iterator[Check]:
    """What is learned from its leads; a shortcoming keeps nothing from working."""
    for said in adding.shortcomings(connection.settings, connection.name):
        found, _, fix = said.partition(": ")
        yield Check("outcome", True, found, fix)


def _api(
    opener: Callable[[Connection], Crm], connection: Connection
) -> tuple[Crm | None, Sequence[Check]]:
    try:
        crm = opener(connection)
    except KitwrightError as error:
        return None, [Check("API", False, error.what, error.fix)]
    try:
        return crm, crm.check()
    except DeliveryError as error:
        return None, [Check("API", False, error.what, error.fix or "look at address and network")]


def _bundle(
    models: LeadModels, connection: Connection
) -> tuple[ReadyBundle | None, Sequence[Check]]:
    if not connection.project:
        fix = f"to have its leads scored: cloud-sync crm set {connection.name} --project PROJECT"
        return None, [Check("project", True, "none: it is only listened to", fix)]
    try:
        ready = models.current(connection.project)
    except KitwrightError as error:
        return None, [Check("bundle", False, error.what, error.fix)]
    return ready, [Check("bundle", True, f"{ready.id[:16]}… of {connection.project}")]


def _dry_run(
    hub: Hub, connection: Connection, crm: Crm, ready: ReadyBundle, now: datetime
) -> tuple[Sequence[Check], tuple[JsonObject, ...]]:
    """Reads and scores the leads that had news last, or the newest there are; what would be written of them."""
    try:
        names = _leads_to_try(hub, connection, crm)
        records = crm.read(names)
    except DeliveryError as error:
        return [Check("dry run", False, error.what, error.fix or "look at the checks above")], ()
    if not names:
        return [Check("dry run", True, "there is no open lead", "make one in the CRM")], ()
    ready = speaking(ready, crm.labels())
    scores, faults = score_all(ready, [one for one in records if not one.outcome], now)
    with hub.database.session() as session:
        cut = cutting.in_force(session, connection.project, ready.id)
    if cut is not None:
        scores = {name: cut.applied(score) for name, score in scores.items()}
    fields = sorted(own_fields(connection.settings))
    would: list[JsonObject] = [
        {
            "lead": name, "points": score.points, "probability": score.probability, "band": score.band,
            "reasons": [reason.marked for reason in score.reasons], "fields": list(fields),
        }
        for name, score in scores.items()
    ]  # fmt: skip
    would += [{"lead": name, "fault": fault} for name, fault in faults.items()]
    leads = "1 lead" if len(names) == 1 else f"{len(names)} leads"
    found = f"{leads}: {len(scores)} scored, {len(faults)} cannot be"
    decided = sum(bool(one.outcome) for one in records)
    if decided:
        found += f", {decided} decided"
    if len(records) < len(names):
        found += f", {len(names) - len(records)} not there"
    fix = next(iter(faults.values()), "")
    checks = [
        Check("dry run", not faults, found, fix),
        *_columns(connection, ready, records),
        *_objecting(connection, ready, records),
        *_values(records, scores),
        *_unread(records, scores),
        *_test_leads(connection, ready, records),
    ]
    return checks, tuple(would)


def _leads_to_try(hub: Hub, connection: Connection, crm: Crm) -> list[str]:
    """Open leads that are known here, else of the first page of the CRM's list. Raises DeliveryError."""
    with hub.database.session() as session:
        query = select(CrmLead.object_id).where(
            CrmLead.connection == connection.name, CrmLead.state == "open", CrmLead.opted_out.is_(False)
        )  # fmt: skip
        # what only a sweep came by has no time of an event
        latest = CrmLead.seen_at.desc().nulls_last()
        names = list(session.scalars(query.order_by(latest).limit(SHOWN)))
    if names:
        return names
    page = crm.listed("", None)
    return [one.object_id for one in page.records if not one.decided][:SHOWN]


def _columns(
    connection: Connection, ready: ReadyBundle, records: Sequence[Record]
) -> Iterator[Check]:
    """Which of the columns that the bundle learned from the CRM does not have, by the leads that were read."""
    runtime = ready.runtime
    wanted = connection.settings.columns or (runtime.columns if isinstance(runtime, Asks) else ())
    if not (wanted and records):
        return
    there = {name for record in records for name in record.fields}
    said = {n for record in records for n, value in record.fields.items() if value not in (None, "")}  # fmt: skip
    missing = [name for name in wanted if name not in there]
    empty = [name for name in wanted if name in there - said]
    if missing:
        fix = "make them there, or train again from an export of this CRM; scores are made without them"
        yield Check("columns", False, f"the CRM has no {_listed_names(missing)}", fix)
    elif empty:
        fix = "does the CRM call them so? What nobody fills in says nothing of a lead"
        yield Check("columns", True, f"empty in all {len(records)} leads: {_listed_names(empty)}", fix)  # fmt: skip
    else:
        yield Check("columns", True, f"all {len(wanted)} are there")


def _objecting(
    connection: Connection, ready: ReadyBundle, records: Sequence[Record]
) -> Iterator[Check]:
    """Whether it can be read who is not to be scored, where the bundle has a column for it."""
    lacking = sorted({*unheard_in(ready, records).values()})
    if lacking and not said_elsewhere(connection.settings):
        found = f"leads come without {_listed_names(lacking)}: who says so is scored all the same"
        yield Check("who is not to be scored", False, found, remedy(connection.name))


def _values(records: Sequence[Record], scores: Mapping[str, LeadScore]) -> Iterator[Check]:
    """Columns in which no value of a lead was met in training: a CRM may write them otherwise than its export did."""
    told = [one for one in records if one.object_id in scores]
    new: list[str] = []
    for name in dict.fromkeys(name for score in scores.values() for name in score.new_values):
        filled = [one for one in told if one.fields.get(name) not in (None, "")]
        if len(filled) >= _ENOUGH and all(
            name in scores[one.object_id].new_values for one in filled
        ):
            new.append(f"{name} ({str(filled[0].fields[name])[:_VALUE]})")
    if new:
        fix = "does the CRM write them as your export did? Then train again from one that has its own values"
        yield Check("values", True, f"never met in training, in all leads that were tried: {_listed_names(new)}", fix)  # fmt: skip


def _unread(records: Sequence[Record], scores: Mapping[str, LeadScore]) -> Iterator[Check]:
    """Columns that hold what the bundle cannot read as the number, date, or yes or no that it learned from."""
    met: dict[str, list[JsonValue]] = {}
    for record in records:
        score = scores.get(record.object_id)
        for name in score.unreadable if score is not None else ():
            met.setdefault(name, []).append(record.fields.get(name))
    if met:
        shown = [f"{name} ({str(found[0])[:_VALUE]}, {len(found)})" for name, found in met.items()]
        fix = "these leads are scored without it; let the CRM hold what the export held: a number, a date, yes or no"
        yield Check("texts", True, f"cannot be read, with one of them and how many: {_listed_names(shown)}", fix)  # fmt: skip


def _test_leads(
    connection: Connection, ready: ReadyBundle, records: Sequence[Record]
) -> Iterator[Check]:
    """Whether addresses and names are read, where the project leaves out what they tell."""
    runtime = ready.runtime
    if not isinstance(runtime, Sifts) or not runtime.sifts or not records:
        return
    named = sum(bool(one.persons) for one in records)
    found = f"told by the address or name of {named} of {len(records)} leads: {len(trials_among(ready, records))}"
    fix = f"name the fields: cloud-sync crm set {connection.name} persons=FIELD,…"
    yield Check("test leads", True, found, "" if named else fix)


def _listed_names(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
