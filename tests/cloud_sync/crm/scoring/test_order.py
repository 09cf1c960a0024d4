"""Whoever takes leads of a connection waits for those who have it, and not with a lead in hand: PostgreSQL throws one of two out
that wait crosswise for each other. SQLite has one writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from cloud_sync.crm import upkeep
from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection import connections
from cloud_sync.crm.erasure import erasing, forgetting
from cloud_sync.crm.inbound import hiding, sweeps, taking
from cloud_sync.crm.kinds.base import CrmEvent, Listed, Listing, ScoreWrite, What
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring import claiming, cutting, rescoring
from cloud_sync.crm.scoring.claiming import Claimed
from cloud_sync.store.db import Database, migrate
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.conftest import cluster
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.postgres import drop_database, fresh_database, url_of
from tests.waiting import wait_for

__all__ = ["cluster"]
NAMES = ("B", "a")
"""In this order for Python, in the other one for a database that sorts as people do."""
AS_PEOPLE_DO = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'"
Act = Callable[[LeadHub], object]


@pytest.fixture(scope="module")
def here(cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LeadHub]:
    url = url_of(cluster, "order")
    with lead_hub(tmp_path_factory.mktemp("order"), url) as made:
        for name in NAMES:
            made.crm.put(name, size=70)
        made.score(*NAMES)
        yield made
    drop_database(cluster, url)


def _opts_out(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "B", True, why="asked", who="ada")


def _opts_in(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "B", False, why="asked", who="ada")


def _overrides(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.override(session, SALES, "a", "cold", why="a student", who="ada")


def _rescores(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.rescore(session, SALES, "a", who="ada")


def _tries_again(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.retry_dead(session, SALES, who="ada")


def _believes(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        hiding.believe(session, SALES, here.clock(), by="ada")


def _event(name: str, into: str = "", what: What = "changed") -> CrmEvent:
    return CrmEvent(f"{name} {what} {utc_now()}", name, what, utc_now(), into=into)


def _takes(here: LeadHub, *events: CrmEvent) -> None:
    with here.hub.database.transaction() as session:
        taking.take(session, [taking.Batch(SALES, events, utc_now())])


def _asks_to_be_erased(here: LeadHub) -> None:
    _takes(here, _event("c", what="erased"))
    erasing.forget_asked(here.hub)


def _bands(here: LeadHub) -> None:
    cut = cutting.Cut(here.lead("a").bundle, 0.9, 0.8, 200, here.clock(), (0.0, 1.0))
    cutting.reband(here.hub, SALES, cut, here.clock())


def _reads_and_gives_back(here: LeadHub) -> None:
    claimed = [Claimed(name, here.lead(name).due_mark) for name in NAMES]
    claiming.give_back(here.hub, SALES, claimed, "nobody")


def _writes_and_gives_back(here: LeadHub) -> None:
    writes = [ScoreWrite(name, 1, 70, 0.7, 0.9, "hot", ()) for name in NAMES]
    writing.give_back(here.hub, SALES, writes, "nobody")


def _ends_leases(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        claiming.end_leases(session, ["nobody"])
        writing.end_leases(session, ["nobody"], here.clock())


def _lists(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        sweeps.begin(row, None, here.clock())
        turn = sweeps.Turn(row.sweep, "", None)
    page = Listing((Listed("a", utc_now()), Listed("b", utc_now())), "")
    with here.hub.database.transaction() as session:
        sweeps.keep(session, SALES, turn, page, 0.0, here.clock())


def _sets_times_right(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "a")).created_at += timedelta(0)
    here.clock.tick(1)
    upkeep._bring_back(here.hub, (CrmLead.scored_at, CrmLead.lease_owner == ""), here.clock() - timedelta(days=2), here.clock())  # fmt: skip


def _reads_decided(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        rescoring.read_decided(session, LEADS, here.clock())


ACTS: list[Act] = [
    _reads_decided,
    _overrides,
    _rescores,
    _tries_again,
    _believes,
    lambda here: _takes(here, *(_event(name) for name in NAMES)),
    lambda here: _takes(here, _event("B", into="a", what="merged"), _event("a", what="joined")),
    _bands,
    _reads_and_gives_back,
    _writes_and_gives_back,
    _ends_leases,
    _sets_times_right,
    _lists,
    _opts_out,
    _opts_in,
    _asks_to_be_erased,
    lambda here: forgetting.forget(here.hub, SALES, "B", by="ada"),
    lambda here: connections._empty_leads(here.hub, SALES),
]
"""In this order, each finds what those before have left."""


def _waits_for_a_lock(here: LeadHub) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with here.hub.database.session() as session:
        return bool(session.scalar(text(waiting)))


def test_who_waits_for_a_connection_has_no_lead_of_it(here: LeadHub) -> None:
    for act in ACTS:
        _while_others_have_it(here, act)


def _while_others_have_it(here: LeadHub, act: Act) -> None:
    faults: list[BaseException] = []

    def guarded() -> None:
        try:
            act(here)
        except BaseException as error:  # noqa: BLE001  (of a thread: whoever waits for it fails with it)
            faults.append(error)

    thread = threading.Thread(target=guarded)
    with here.hub.database.transaction() as session:
        breaker.succeeded(session, SALES, here.clock())
        thread.start()
        wait_for(lambda: _waits_for_a_lock(here) or bool(faults), 10)
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        query = select(CrmLead).order_by(CrmLead.object_id).with_for_update()
        assert session.scalars(query).all(), act
    thread.join(20)
    assert not faults and not thread.is_alive(), (act, faults)


def test_events_take_their_leads_in_the_order_of_the_database(
    cluster: Path, tmp_path: Path
) -> None:
    try:
        url = fresh_database(cluster, "sorted", AS_PEOPLE_DO)
    except psycopg.errors.SyntaxError:
        pytest.skip("PostgreSQL before 15 has no databases that sort by ICU")
    database = Database(url)
    migrate(database)
    database.close()
    with lead_hub(tmp_path, url) as here:
        here.due(*NAMES)
        thread = threading.Thread(target=_takes, args=(here, *(_event(name) for name in NAMES)))
        with here.hub.database.transaction() as session:
            mine = select(CrmLead.object_id).with_for_update()
            assert session.scalar(mine.order_by(CrmLead.object_id).limit(1)) == "a"
            thread.start()
            wait_for(lambda: _waits_for_a_lock(here), 10)
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            assert session.scalars(mine.where(CrmLead.object_id == "B")).all() == ["B"]
        thread.join(20)
        assert not thread.is_alive()
    drop_database(cluster, url)
