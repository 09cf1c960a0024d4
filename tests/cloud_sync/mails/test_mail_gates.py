"""The promise of a bundle, watched over the audits of all devices; who is told when it is broken, and who opens again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet.deployments import desired_for
from cloud_sync.hub import Hub
from cloud_sync.mails import chain, gates
from cloud_sync.mails.gates import ALERT, GateWatch
from cloud_sync.store.models import Alert, Annotation, Bundle, Device, MailGate, Sample
from kits.core import bundle as formats
from kits.core.errors import DataError
from kits.core.hub_api import GateWord
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import (
    PROJECT,
    bundle_id,
    filed,
    know_bundle,
    mail_bundle,
    mail_row,
)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        add_device(hub, "press-2")
        know_bundle(hub)
        runs(hub, bundle_id())
        yield hub


def runs(hub: Hub, bundle: str, device: str = "press-1") -> None:
    with hub.database.transaction() as session:
        session.execute(update(Device).where(Device.name == device).values(running_bundle=bundle))


def lately(hub: Hub) -> None:
    """The hub's watch looks at bundles that decide now; tests' mails are of their own noon."""
    with hub.database.transaction() as session:
        session.execute(update(Sample).values(captured_at=utc_now() - timedelta(hours=1)))


def judge(hub: Hub, wrong: int, right: int, start: int = 0, device: str = "press-1") -> None:
    """So many audits, the wrong ones first."""
    rows = [
        (start + n, f"{device}-a{start + n}", "returns" if n < wrong else "order-status")
        for n in range(wrong + right)
    ]
    take(hub, *[mail_row(n + 1, name, audit=True) for n, name, _ in rows], device=device)
    take(hub, *[filed(5000 + n, name, label) for n, name, label in rows], device=device)
    lately(hub)


def gate(hub: Hub) -> MailGate:
    with hub.database.session() as session:
        return session.get_one(MailGate, bundle_id())


def told(hub: Hub, device: str = "press-1") -> tuple[GateWord, ...]:
    with hub.database.session() as session:
        return desired_for(session, device).gates


def open_alerts(hub: Hub) -> list[Alert]:
    with hub.database.session() as session:
        query = select(Alert).where(Alert.name == ALERT, Alert.seen_at.is_(None))
        return list(session.scalars(query))


def test_a_promise_that_holds_stays_and_nobody_is_told_anything(hub: Hub) -> None:
    judge(hub, wrong=1, right=99)
    assert GateWatch(hub).step() == 0
    row = gate(hub)
    assert (row.project, row.epsilon, row.audits, row.wrong, row.closed_at) == (
        PROJECT, 0.02, 100, 1, None,
    )  # fmt: skip
    assert told(hub) == () and open_alerts(hub) == []


def test_a_broken_promise_closes_the_gate_of_whoever_runs_the_bundle(hub: Hub) -> None:
    judge(hub, wrong=6, right=4)
    watch = GateWatch(hub)
    assert watch.step() == 1
    assert watch.step() == 0
    [word] = told(hub)
    assert (word.bundle, word.closed, word.who) == (bundle_id(), True, "hub")
    assert "6 of 10 audited decisions were wrong" in word.why
    assert told(hub, "press-2") == ()  # it runs something else
    [alert] = open_alerts(hub)
    assert (alert.severity, alert.where) == ("error", bundle_id()[:12])
    assert GateWatch(hub).step() == 0  # another process, which has seen nothing yet
    assert len(open_alerts(hub)) == 1


def test_audits_of_all_devices_count_together(hub: Hub) -> None:
    judge(hub, wrong=1, right=1)
    GateWatch(hub).step()
    assert gate(hub).closed_at is None
    judge(hub, wrong=2, right=1, start=100, device="press-2")
    judge(hub, wrong=2, right=1, start=200)
    assert GateWatch(hub).step() == 1
    assert (gate(hub).audits, gate(hub).wrong) == (8, 5)


def test_only_a_person_with_a_reason_opens_it_and_the_bet_begins_anew(hub: Hub) -> None:
    judge(hub, wrong=6, right=4)
    watch = GateWatch(hub)
    watch.step()
    with hub.database.transaction() as session, pytest.raises(DataError, match="say why"):
        gates.open_gate(session, bundle_id(), who="ada", why="  ")
    with hub.database.transaction() as session:
        gates.open_gate(session, bundle_id()[:12], who="ada", why="wrong\nfolder in September")
    [word] = told(hub)
    assert (word.closed, word.who, word.why) == (False, "ada", "wrong folder in September")
    assert open_alerts(hub) == []
    assert (
        watch.step() == 0 and GateWatch(hub).step() == 0
    )  # what was judged before does not count again
    assert (gate(hub).audits, gate(hub).closed_at) == (0, None)
    judge(hub, wrong=6, right=0, start=100)
    assert watch.step() == 1
    with hub.database.session() as session:
        said = [chain.as_json(row) for row in chain.newest(session)]
        assert [(one["who"], one["what"]) for one in said] == [
            ("hub", "gate.close"), ("ada", "gate.open"), ("hub", "gate.close"),
        ]  # fmt: skip
        assert chain.verify(session).fault == ""


def test_a_person_may_close_it_and_what_was_said_twice_is_told(hub: Hub) -> None:
    judge(hub, wrong=0, right=1)
    GateWatch(hub).step()
    with hub.database.transaction() as session:
        gates.close_gate(session, bundle_id(), who="ada", why="the shop moves")
    assert told(hub)[0].closed
    with hub.database.transaction() as session, pytest.raises(ConflictError):
        gates.close_gate(session, bundle_id(), who="ada", why="again")
    with hub.database.transaction() as session:
        gates.open_gate(session, bundle_id(), who="ada", why="moved")
    with hub.database.transaction() as session, pytest.raises(ConflictError):
        gates.open_gate(session, bundle_id(), who="ada", why="again")
    for unknown in ("f" * 64, "", "%", bundle_id()[:3]):
        with hub.database.transaction() as session, pytest.raises(NotFoundError):
            gates.open_gate(session, unknown, who="ada", why="x")


def test_another_bundle_has_a_gate_of_its_own_and_ends_the_alert(hub: Hub) -> None:
    judge(hub, wrong=6, right=0)
    watch = GateWatch(hub)
    watch.step()
    other = know_bundle(hub, 2)
    runs(hub, other)
    take(hub, mail_row(900, "new", bundle=other))
    lately(hub)
    watch.step()
    assert told(hub) == () and open_alerts(hub) == []
    with hub.database.session() as session:
        assert session.get_one(MailGate, other).closed_at is None
        assert session.get_one(MailGate, bundle_id()).closed_at is not None


def test_a_corrected_audit_counts_as_it_was_corrected(hub: Hub) -> None:
    judge(hub, wrong=2, right=0)
    watch = GateWatch(hub)
    watch.step()
    assert gate(hub).wrong == 2
    take(hub, filed(7000, "press-1-a0", "order-status"))
    watch.step()
    assert (gate(hub).audits, gate(hub).wrong) == (2, 1)


@pytest.mark.parametrize(
    "content",
    [mail_bundle(3, promises=False), mail_bundle(3, accepted=0)],
    ids=["none asked for", "asked for, and too few mails to make it"],
)
def test_a_bundle_that_promises_nothing_has_no_gate(hub: Hub, content: bytes) -> None:
    digest = put_blob(hub, content)
    with hub.database.transaction() as session:
        row = Bundle(
            id=formats.bundle_id(content), project=PROJECT, name=PROJECT, version=3, kit="support-triage",
            blob=digest, size=len(content), origin="publisher",
        )  # fmt: skip
        session.add(row)
        name = row.id
    take(hub, mail_row(1, "m", bundle=name, audit=True))
    lately(hub)
    GateWatch(hub).step()
    with hub.database.session() as session:
        assert session.scalar(select(func.count()).select_from(MailGate)) == 0


def test_what_is_committed_after_something_newer_counts_at_the_next_look(hub: Hub) -> None:
    judge(hub, wrong=6, right=4)
    with hub.database.transaction() as session:
        [*_, late] = session.scalars(select(Annotation).where(Annotation.label == "returns"))
        values = {c.key: getattr(late, c.key) for c in Annotation.__table__.columns}
        session.delete(late)  # another worker has written it and not committed yet
    watch = GateWatch(hub)
    watch.step()
    assert gate(hub).audits == 9
    with hub.database.transaction() as session:
        session.add(Annotation(**values))
    watch.step()
    assert gate(hub).audits == 10
