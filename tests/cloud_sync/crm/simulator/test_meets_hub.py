"""A pretended CRM and the hub understand each other: what one sends the other takes, what one writes the other has.

Both were written from the vendors' documents, without a shared line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.kinds.base import Access, Crm, Request, ScoreWrite
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.leads.leads import title_of
from cloud_sync.crm.simulator import Secrets, Simulator, sending, serve
from cloud_sync.effects.checks import Check
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.ear import MINUTES_IN_MS, OVER_A_DAY, Ear, Reply, Taken, ear
from tests.cloud_sync.fleet_builders import make_hub

KINDS = ("hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "standard")
MOMENTS = {
    "lastmodifieddate", "hs_lastmodifieddate", "LastModifiedDate", "SystemModstamp", "update_time", "write_date", "write_uid", "modifiedon",
}  # fmt: skip
"""What a CRM itself writes with every change."""
SCHEMES = {
    "hubspot": ("hubspot-v1", "hubspot-v2", "hubspot-v3"),
    "standard": ("standard", "stripe", "twenty", "mautic", "github"),
}
WAYS = [(kind, scheme) for kind in KINDS for scheme in SCHEMES.get(kind, ("",))]
THINGS = [
    *((kind, "") for kind in KINDS), ("hubspot", "deals"), ("hubspot", "companies"), ("hubspot", "leads"), ("pipedrive", "leads"),
    ("pipedrive", "persons"), ("pipedrive", "organizations"),
]  # fmt: skip
SOON = 60.0


def settings_of(simulator: Simulator, url: str) -> CrmSettings:
    """As the simulator says them, and asked as often as one likes: it has no limits."""
    return CrmSettings.model_validate({**simulator.connection(url), "rate_per_10s": 5000})


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as made:
        yield made


def taking(hub: Hub, state: list[Ear]) -> object:
    """What the hub answers to a message, without its web server."""
    inbox = Inbox(hub)

    def answer(taken: Taken) -> Reply:
        tail = taken.path.partition("/v1/crm/sales")[2].strip("/").partition("?")[0]
        url = state[0].url.partition("/v1")[0] + taken.path
        try:
            said = inbox.take("sales", Request("POST", url, taken.headers, taken.body, tail=tail))
        except UnverifiedError:
            return 401, {}, b""
        return said.status, {"content-type": said.media_type}, said.body

    return answer


@pytest.mark.parametrize(("kind", "scheme"), WAYS)
def test_the_hub_takes_what_a_pretended_crm_signs_and_nobody_elses(
    hub: Hub, kind: str, scheme: str
) -> None:
    simulator = Simulator(kind, seed=5, scheme=scheme)
    # Odoo waits for a second, and this machine may stop for longer
    simulator.vendor.schedule = replace(simulator.vendor.schedule, timeout_s=SOON)
    connections.add(
        hub, "sales", settings_of(simulator, "https://crm.example"), "", simulator.secrets, by="t"
    )
    state: list[Ear] = []
    with ear(taking(hub, state)) as listening, sending(simulator, listening.url) as sender:
        state.append(listening)
        simulator.make(12)
        assert sender.queue.drained(SOON)
        ids = {held.object_id for held in simulator.records}
        simulator.change(6)
        simulator.decide(3)
        assert sender.queue.drained(SOON)
    assert {one.status for one in listening.taken} == {200}
    with hub.database.session() as session:
        assert set(session.scalars(select(CrmLead.object_id))) == ids
        skipped = session.scalars(select(CrmEvent.skipped)).all()
    assert not any(skipped)
    stranger = Simulator(kind, seed=6, scheme=scheme)
    scale = MINUTES_IN_MS if kind == "pipedrive" else OVER_A_DAY
    with (
        ear(taking(hub, state)) as listening,
        sending(stranger, listening.url, scale=scale) as sender,
    ):
        state[0] = listening
        stranger.make(1)
        assert sender.queue.drained(SOON)
    assert {one.status for one in listening.taken} == {401}


@pytest.fixture(params=THINGS, ids=lambda pair: " ".join(filter(None, pair)))
def simulator(request: pytest.FixtureRequest) -> Simulator:
    kind, thing = request.param
    made = Simulator(kind, seed=5, limit=0, thing=thing)
    made.make(20, quiet=True)
    return made


@pytest.fixture
def crm(simulator: Simulator) -> Iterator[Crm]:
    with serve(simulator) as url:
        settings = with_defaults(settings_of(simulator, url))
        yield open_crm(Access("sales", settings, simulator.secrets.api))


def test_a_lead_is_called_by_its_name_whatever_its_bundle_looks_at(simulator: Simulator) -> None:
    """Who calls leads gets them from a list of names: by number alone nobody finds them."""
    names = [held.object_id for held in simulator.records]
    with serve(simulator) as url:
        settings = with_defaults(settings_of(simulator, url))
        every = open_crm(Access("sales", settings, simulator.secrets.api)).read(names[:1])
        last = [name for name, value in every[0].fields.items() if isinstance(value, float)][-1:]
        settings = settings.model_copy(update={"columns": tuple(last or ["numemployees"])})
        records = open_crm(Access("sales", settings, simulator.secrets.api)).read(names)
    leads = [CrmLead(object_id=one.object_id, fields=dict(one.fields)) for one in records]
    assert {one.object_id for one in leads} == set(names)
    called = [title_of(lead) != lead.object_id for lead in leads]
    # a program of the firm's own sends what it was asked for
    assert all(called) or settings.kind == "webhook"


def a_score(object_id: str, points: int, version: int = 1) -> ScoreWrite:
    return ScoreWrite(
        object_id, version, points, points / 100, 0.9, "hot", ("asked for a demo", "in Germany"),
        scored_at=utc_now(),
    )  # fmt: skip


def wrong(checks: list[Check]) -> list[Check]:
    return [check for check in checks if not check.ok]


def test_scores_are_written_into_fields_the_hub_makes_and_are_not_read_back_as_facts(
    simulator: Simulator, crm: Crm
) -> None:
    assert wrong(crm.make_fields()) == []
    first, second, gone = list(simulator.records)[:3]
    before = crm.read([first.object_id, second.object_id])
    assert len(before) == 2 and before[0].fields
    simulator.records.remove(gone.object_id)
    writes = [
        a_score(first.object_id, 87),
        a_score(second.object_id, 12),
        a_score(gone.object_id, 5),
    ]
    done = {one.object_id: one for one in crm.write(writes)}
    assert done[first.object_id].ok and done[second.object_id].ok
    # in Dataverse a score is a record of its own: whether its lead is there is seen when it is read
    assert simulator.kind == "dynamics" or done[gone.object_id].gone
    assert (first.written.times, second.written.times, gone.written.times) == (
        1, 1, int(simulator.kind == "dynamics"),
    )  # fmt: skip
    assert "87" in {str(value).removesuffix(".0") for value in first.written.values.values()}
    [after] = crm.read([first.object_id])
    assert set(after.fields) == set(before[0].fields)
    moved = {n for n, value in after.fields.items() if value != before[0].fields[n]}
    assert moved <= MOMENTS
    assert crm.read([gone.object_id]) == []


def test_what_became_of_a_lead_is_read_from_it(simulator: Simulator, crm: Crm) -> None:
    won, lost, open_one = list(simulator.records)[:3]
    simulator.settle(won, "won")
    simulator.settle(lost, "lost")
    found = {
        one.object_id: one for one in crm.read([held.object_id for held in (won, lost, open_one)])
    }
    assert found[won.object_id].outcome == "won"
    assert found[lost.object_id].outcome == "lost"
    assert found[open_one.object_id].outcome == ""


def test_a_missing_right_is_found_before_anything_is_written(
    simulator: Simulator, crm: Crm
) -> None:
    assert wrong(crm.make_fields()) == []
    simulator.rights.held.clear()
    assert wrong(crm.check())


def test_whoever_is_asked_what_changed_names_each_lead_over_all_pages(
    searches_at_once: None,
) -> None:
    with ExitStack() as stack:
        asked: list[tuple[Simulator, Crm, str]] = []
        for kind in ("salesforce", "odoo", "dynamics", "hubspot"):
            simulator = Simulator(kind, seed=5, limit=0)
            url = stack.enter_context(serve(simulator))
            said = simulator.connection(url)
            said["options"] = {**said.get("options", {}), "events": "poll"}  # type: ignore[dict-item]  # JSON
            settings = with_defaults(CrmSettings.model_validate(said))
            crm = open_crm(Access("sales", settings, simulator.secrets.api))
            assert crm.polls
            begins = crm.changed_since("")
            assert begins.events == ()
            simulator.make(620, quiet=True)
            asked.append((simulator, crm, begins.cursor))
        time.sleep(
            2.1
        )  # their clocks tell whole seconds, and only those that are over are asked for
        for simulator, crm, begin in asked:
            assert sorted(all_since(crm, begin)) == sorted(
                held.object_id for held in simulator.records
            )


def all_since(crm: Crm, cursor: str) -> list[str]:
    """Whose changes are named, each once."""
    seen: dict[str, str] = {}
    more = True
    while more:
        page = crm.changed_since(cursor)
        seen |= {event.event_id: event.object_id for event in page.events}
        cursor, more = page.cursor, page.more
    return [*seen.values()]


def salesforce_with(given: dict[str, str], known: dict[str, str]) -> list[Check]:
    """What the hub finds that signs in with `given`, where the organisation knows `known`."""
    simulator = Simulator("salesforce", seed=5, limit=0, secrets=Secrets(("path",), known))
    with serve(simulator) as url:
        settings = with_defaults(settings_of(simulator, url))
        return open_crm(Access("sales", settings, given)).check()


def test_salesforce_lets_in_by_a_signed_assertion_and_by_a_refresh_token() -> None:
    own, other = (
        rsa.generate_private_key(65_537, 2048)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
        for _ in range(2)
    )
    signed = {"client_id": "app", "private_key": own, "username": "hub@example.com"}
    assert salesforce_with(signed, signed)[0].ok
    assert not salesforce_with({**signed, "private_key": other}, signed)[0].ok
    assert not salesforce_with({**signed, "username": "boss@example.com"}, signed)[0].ok
    refresh = {"client_id": "app", "refresh_token": "long-lived"}
    assert salesforce_with(refresh, refresh)[0].ok
    assert not salesforce_with(refresh, {**refresh, "refresh_token": "another"})[0].ok
