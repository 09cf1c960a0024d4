"""Each kind of CRM lists its records: all of them, the newest first, whatever changes while it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.kinds.base import Access, Crm, Listed, Listing
from cloud_sync.crm.kinds.table import KINDS, open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.servers import Asked, Reply, crm_for, crm_server
from tests.cloud_sync.fleet_builders import make_hub

THINGS = [
    ("hubspot", ""), ("hubspot", "deals"), ("salesforce", ""), ("pipedrive", ""), ("pipedrive", "leads"),
    ("pipedrive", "persons"), ("odoo", ""), ("dynamics", ""),
]  # fmt: skip
MANY = 620
"""More than a page of any of them."""
START = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


class Turning:
    """The CRM's clock: a minute goes by with each look."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at


def settings_of(simulator: Simulator, url: str) -> CrmSettings:
    """As the simulator says them, and asked as often as one likes: it has no limits."""
    return CrmSettings.model_validate({**simulator.connection(url), "rate_per_10s": 5000})


@pytest.fixture(params=THINGS, ids=lambda pair: " ".join(filter(None, pair)))
def simulator(request: pytest.FixtureRequest) -> Simulator:
    kind, thing = request.param
    made = Simulator(kind, seed=5, limit=0, thing=thing, now=Turning())
    made.make(MANY, quiet=True)
    return made


@pytest.fixture
def crm(simulator: Simulator, searches_at_once: None) -> Iterator[Crm]:
    with serve(simulator) as url:
        settings = with_defaults(settings_of(simulator, url))
        yield open_crm(Access("sales", settings, simulator.secrets.api))


def walk(
    crm: Crm, since: datetime | None = None, between: Callable[[Listing], None] | None = None
) -> list[Listed]:
    """All pages; `between` is called after each."""
    found: list[Listed] = []
    cursor, more = "", True
    while more:
        page = crm.listed(cursor, since)
        found += page.records
        cursor, more = page.cursor, page.more
        if between is not None:
            between(page)
    return found


def test_all_records_are_named_the_newest_first_with_their_time(
    simulator: Simulator, crm: Crm
) -> None:
    found = walk(crm)
    created = {held.object_id: held.created_at for held in simulator.records}
    assert {one.object_id for one in found} == set(created)
    whole = [created[one.object_id] for one in found]
    assert whole[0] > whole[-1]
    assert sorted(whole[:100], reverse=True) == whole[:100]
    [read] = crm.read([found[0].object_id])
    assert read.modified_at == found[0].modified_at and not found[0].decided


def test_what_changes_while_records_are_listed_is_named_all_the_same(
    simulator: Simulator, crm: Crm
) -> None:
    there = {held.object_id for held in simulator.records}

    def change(page: Listing) -> None:
        for record in page.records[:3]:
            simulator.records.set(record.object_id, {"Phone": "1"})
        for held in list(simulator.records)[:3]:
            simulator.records.set(held.object_id, {"Phone": "2"})

    assert {one.object_id for one in walk(crm, between=change)} >= there


def test_only_what_was_changed_since_is_named(simulator: Simulator, crm: Crm) -> None:
    since = max(held.modified_at for held in simulator.records) + timedelta(seconds=1)
    changed = list(simulator.records)[3:400:40]
    for held in changed:
        simulator.records.set(held.object_id, {"Phone": "+41 1"})
    found = walk(crm, since)
    assert {one.object_id for one in found} == {held.object_id for held in changed}


def test_it_is_said_which_are_decided(simulator: Simulator, crm: Crm) -> None:
    won, lost = list(simulator.records)[-2:]
    simulator.settle(won, "won")
    simulator.settle(lost, "lost")
    decided = {one.object_id for one in walk(crm) if one.decided}
    if crm.kind == "pipedrive" and simulator.vendor.thing != "deals":
        assert decided == set()  # only its deals have an outcome
    else:
        assert decided == {won.object_id, lost.object_id}


def test_a_kind_says_whether_it_has_lists() -> None:
    assert {name for name, kind in KINDS.items() if not kind.lists} == {"webhook"}


def test_hubspot_is_listed_beyond_the_end_of_its_search() -> None:
    simulator = Simulator("hubspot", seed=5, limit=0)
    simulator.make(10_300, quiet=True)
    with serve(simulator) as url:
        settings = with_defaults(settings_of(simulator, url))
        crm = open_crm(Access("sales", settings, simulator.secrets.api))
        last = sorted(int(held.object_id) for held in simulator.records)[150]
        page = crm.listed(str(last), None)
        assert (len(page.records), page.more) == (150, False)


@pytest.mark.parametrize("kind", ["hubspot", "salesforce", "pipedrive", "odoo", "dynamics"])
@pytest.mark.parametrize(
    "answer", [None, {}, {"results": "x", "records": 1, "data": {}, "value": 3}]
)
def test_an_answer_without_a_list_is_no_end_of_the_list(kind: str, answer: object) -> None:
    def act(asked: Asked) -> Reply:
        if asked.path.endswith("token"):
            return Reply({"access_token": "t", "expires_in": 600})
        return Reply(answer)

    secrets = {
        "token": "t", "key": "k", "client_id": "c", "client_secret": "s", "tenant": "t",
    }  # fmt: skip
    with crm_server(act) as server:
        options = {"authority": server.url} if kind == "dynamics" else {}
        with pytest.raises(DeliveryError):
            crm_for(kind, server, secrets, options=options).listed("", None)


NAME = "sales"


@pytest.fixture(params=["hubspot", "salesforce", "pipedrive", "odoo", "dynamics"])
def connected(
    request: pytest.FixtureRequest, tmp_path: Path, searches_at_once: None
) -> Iterator[tuple[Hub, Simulator]]:
    simulator = Simulator(request.param, seed=7, limit=0)
    simulator.make(MANY, quiet=True)
    with serve(simulator) as url, make_hub(tmp_path) as hub:
        settings = settings_of(simulator, url)
        connections.add(hub, NAME, settings, "", simulator.secrets, by="test")
        with hub.database.transaction() as session:
            session.get_one(CrmConnection, NAME).project = "leads"
        yield hub, simulator


class Clock:
    """The hub's clock."""

    def __init__(self) -> None:
        self.at = utc_now()

    def __call__(self) -> datetime:
        return self.at


def sweep(hub: Hub, clock: Clock, pages: int = 100) -> int:
    """A process of its own asks for so many pages at most; how many records they named."""
    loop, listed = Sweeping(hub, Opener(hub), now=clock), 0
    for _ in range(pages):
        found, pause_s = loop.serve(NAME)
        listed += found
        if not found:
            break
        clock.at += timedelta(seconds=pause_s)
    return listed


def waiting(hub: Hub) -> set[str]:
    with hub.database.session() as session:
        return set(session.scalars(select(CrmLead.object_id).where(CrmLead.later_at.is_not(None))))


def test_a_hub_that_is_started_again_goes_on_and_has_each_lead_once(
    connected: tuple[Hub, Simulator],
) -> None:
    hub, simulator = connected
    clock = Clock()
    first = sweep(hub, clock, pages=1)
    assert 0 < first < MANY
    assert first + sweep(hub, clock) == MANY
    assert waiting(hub) == {held.object_id for held in simulator.records}


def test_a_sweep_of_the_next_day_finds_what_was_lost(connected: tuple[Hub, Simulator]) -> None:
    hub, simulator = connected
    clock = Clock()
    sweep(hub, clock)
    with hub.database.transaction() as session:  # all were read
        for row in session.scalars(select(CrmLead)):
            row.later_at, row.record_at = None, utc_now() + timedelta(seconds=1)
    clock.at += timedelta(days=1)
    changed, gone, *_ = list(simulator.records)
    simulator.records._now = lambda: clock.at  # its clock is a day later, too
    simulator.records.set(changed.object_id, {"Phone": "+41 1"})
    simulator.records.remove(gone.object_id)
    [new] = simulator.make(1, quiet=True)
    sweep(hub, clock)
    # HubSpot and Pipedrive are asked for changes only: what is gone there is noticed by each seventh sweep
    whole = simulator.kind in ("salesforce", "odoo", "dynamics")
    expected = {changed.object_id, new.object_id} | ({gone.object_id} if whole else set())
    assert waiting(hub) == expected
