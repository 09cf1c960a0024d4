"""What is kept for how long: old things go, what somebody needs stays, and the ledger still adds up."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.hub import Hub
from cloud_sync.intake import numbers, sealing
from cloud_sync.retention import others, rows
from cloud_sync.retention import turn as turn_module
from cloud_sync.retention.preview import preview
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import Rules, in_words, shares
from cloud_sync.retention.settings import RetentionConfig
from cloud_sync.retention.totals import pruned_ever
from cloud_sync.store import giving_way, models
from kits.core.events import HealthBody
from tests.cloud_sync import plans
from tests.cloud_sync.fleet_builders import (
    add_device,
    alert,
    blob_ref,
    decision,
    event,
    gap,
    label,
    make_hub,
)
from tests.cloud_sync.intake.intake_builders import count
from tests.cloud_sync.store.retention_builders import (
    LONG_AGO,
    NOW,
    RULES,
    account,
    arrive,
    health,
    picture,
    seqs,
    store,
)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url, retention=RULES) as hub:
        add_device(hub)
        yield hub


def test_old_telemetry_goes_and_the_account_stays_exact(hub: Hub) -> None:
    old = [health(n) for n in range(1, 60) if n % 3]
    arrive(hub, LONG_AGO, *old, gap(60))
    arrive(hub, NOW, *(health(n) for n in range(61, 71)))
    before = account(hub)
    gone = Pruner(hub, NOW).turn()
    after = account(hub)
    assert gone == {"telemetry": len(old)}
    assert seqs(hub) == list(range(61, 71))
    assert seqs(hub, "l") == [60]
    assert after.pruned == {"a": 0, "l": 0, "s": 0, "t": len(old)}
    assert (after.arrived, after.given_up, after.missing) == (
        before.arrived, before.given_up, before.missing,
    )  # fmt: skip
    assert Pruner(hub, NOW).turn() == {}


def test_a_pruned_row_that_is_sent_again_is_known(hub: Hub) -> None:
    rows_ = [health(n) for n in range(1, 11) if n != 4]
    arrive(hub, LONG_AGO, *rows_)
    Pruner(hub, NOW).turn()
    assert seqs(hub) == []
    arrive(hub, NOW, *rows_, health(4))
    assert seqs(hub) == [4]  # it was missing: it is new
    found = account(hub)
    assert (found.here, found.missing, found.duplicates) == (10, 0, 9)
    assert Pruner(hub, NOW + timedelta(days=31)).turn() == {"telemetry": 1}
    assert account(hub).pruned["t"] == 10


def test_more_telemetry_than_allowed_goes_before_its_time(tmp_path: Path) -> None:
    with make_hub(tmp_path, retention={"telemetry_rows": 40}) as hub:
        for name in ("press-1", "press-2"):
            add_device(hub, name)
        yesterday = NOW - timedelta(days=1)
        arrive(hub, yesterday, *(health(n) for n in range(1, 101)))
        arrive(hub, yesterday, *(health(n) for n in range(1, 11)), device="press-2")
        assert preview(hub, NOW)["telemetry"] == 70
        assert Pruner(hub, NOW).turn() == {"telemetry": 70}
        assert seqs(hub) == list(range(71, 101))
        assert len(seqs(hub, device="press-2")) == 10


@pytest.mark.parametrize(
    ("kept", "most", "gives"),
    [
        ([5, 5], 10, {}),
        ([100, 10], 40, {0: 70}),
        ([100, 100], 40, {0: 80, 1: 80}),
        ([1, 50, 9], 20, {1: 40}),
        ([7], 0, {0: 7}),
    ],
)
def test_large_outboxes_give_way_first(kept: list[int], most: int, gives: dict[int, int]) -> None:
    found = shares({("device", str(n)): rows_ for n, rows_ in enumerate(kept)}, most)
    assert {int(epoch): rows_ for (_, epoch), rows_ in found.items()} == gives


def test_alerts_effects_clocks_and_the_audit_log_go_by_their_own_rules(tmp_path: Path) -> None:
    rules = {"alerts_days": 50, "effects_days": 50, "audit_log_days": 50}
    with make_hub(tmp_path, retention=rules) as hub:
        add_device(hub)
        arrive(hub, LONG_AGO, alert(1), alert(2, name="still open"), alert(3, "info"))
        with hub.database.transaction() as session:
            for row in session.scalars(select(models.Alert)):
                row.at = LONG_AGO
                row.seen_at = LONG_AGO if row.name != "still open" else None
            for number, state in enumerate(("done", "dead", "waiting")):
                session.add(
                    models.Effect(
                        key=str(number), target="mail", kind="k", body={}, state=state,
                        next_at=LONG_AGO,
                    )
                )  # fmt: skip
            session.add(models.AuditLog(who="ada", what="old", at=LONG_AGO))
            session.add(models.AuditLog(who="ada", what="new", at=NOW))
            for clock in session.scalars(select(models.BootClock)):
                clock.updated_at = LONG_AGO
        before = count(hub, models.AuditLog)
        gone = Pruner(hub, NOW).turn()
        assert gone == {"alert rows": 3, "alerts": 2, "effects": 2, "audit log": 1, "clocks": 1}
        with hub.database.session() as session:
            assert session.scalars(select(models.Alert.name)).all() == ["still open"]
            assert session.scalars(select(models.Effect.state)).all() == ["waiting"]
        assert count(hub, models.AuditLog) == before - 1
        assert account(hub).complete


def test_by_default_alerts_and_labels_stay_for_ever(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        arrive(hub, LONG_AGO, alert(1), label(2, "s"), gap(3), alert(4, "info"))
        assert Pruner(hub, NOW).turn() == {}
        assert count(hub, models.Event) == 4
        words = in_words(hub.config.retention)
        assert words["alerts"] == "for ever"
        assert words["telemetry"] == "for 30 days, at most 100,000,000 rows"


def test_a_turn_is_bounded_and_the_next_one_goes_on(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        giving_way, "LONG_PAUSE_S", 0.02
    )  # a turn's clock leaps a second at each look
    for module in (rows, others):
        monkeypatch.setattr(module, "PORTION", 10)
    arrive(hub, LONG_AGO, *(health(n) for n in range(1, 101)))
    time = iter(range(1000))
    turns = []
    while not turns or not turns[-1].finished:
        turns.append(Pruner(hub, NOW, clock=lambda: next(time), limit_s=8))
        turns[-1].turn()
    assert len(turns) > 2
    assert sum(turn.pruned["telemetry"] for turn in turns) == 100
    with hub.database.session() as session:
        assert pruned_ever(session) == {"telemetry": 100}
    assert hub.metrics.pruned.labels("telemetry")._value.get() == 100


@pytest.mark.slow
@pytest.mark.postgresql_in_all
def test_more_outboxes_than_a_turn_can_visit_keep_no_other_kind_waiting(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_way, "PAUSE_S", 0.0)
    monkeypatch.setattr(giving_way, "LONG_PAUSE_S", 0.0)
    names = [f"line-{number:02}" for number in range(30)]
    for name in names:
        add_device(hub, name)
        content = picture(1)
        seen = decision(4, f"{name}-seen", blob=blob_ref(content))
        arrive(hub, LONG_AGO, *(health(n) for n in range(1, 4)), seen, device=name)
    store(hub, content)
    with hub.database.transaction() as session:
        old = {"target": "mail", "kind": "k", "body": {}, "state": "done", "next_at": LONG_AGO}
        session.add(models.Effect(key="1", **old))
    time = iter(range(100_000))

    def turn() -> Pruner:
        pruner = Pruner(hub, NOW, clock=lambda: next(time), limit_s=40)
        pruner.turn()
        return pruner

    first = turn()
    assert 0 < first.pruned["telemetry"] < 90
    assert not first.finished
    assert 0 < first.pruned["samples"] < 30
    assert first.pruned["effects"] == 1
    turns = 1
    while not turn().finished:
        turns += 1
        assert turns < 50
    assert count(hub, models.Event) == count(hub, models.Blob) == 0


@pytest.mark.slow
@pytest.mark.postgresql_in_all
def test_outboxes_with_nothing_to_give_cost_no_time(hub: Hub) -> None:
    for number in range(30):
        name = f"line-{number}"
        add_device(hub, name)
        arrive(hub, LONG_AGO, alert(1), health(2), decision(3, f"{name}-old"), device=name)
        arrive(hub, NOW, health(4), decision(5, f"{name}-new"), device=name)
    assert Pruner(hub, NOW, clock=lambda: 0.0).turn() == {"telemetry": 30, "samples": 30}
    asked: list[float] = []

    def clock() -> float:
        asked.append(0.0)
        return 0.0

    assert Pruner(hub, NOW, clock=clock).turn() == {}
    assert len(asked) < 30, "it looked at the clock, so it did something, for each outbox"


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_pruning_at_any_time_changes_no_account(
    hub: Hub, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of all classes come late, twice, out of order, while old ones are pruned."""
    for module in (numbers, sealing):
        monkeypatch.setattr(module, "BLOCK", 8)
    monkeypatch.setattr(rows, "PORTION", 7)
    monkeypatch.setattr(giving_way, "PAUSE_S", 0.0)
    monkeypatch.setattr(giving_way, "LONG_PAUSE_S", 0.0)
    draw = random.Random(seed)
    arrived: set[int] = set()
    duplicates, highest = 0, 1
    for day in range(0, 200, 10):
        now = NOW + timedelta(days=day)
        highest += draw.randrange(0, 25)
        some = {draw.randint(1, highest) for _ in range(draw.randrange(1, 30))}
        arrive(hub, now, *(health(n) if n % 2 else decision(n, f"s{n}") for n in sorted(some)))
        duplicates += len(some & arrived)
        arrived |= some
        if draw.random() < 0.7:
            Pruner(hub, now).turn()
        found = account(hub)
        assert (found.here, found.duplicates) == (len(arrived), duplicates)
        assert found.missing == max(arrived) - len(arrived)
        kept = count(hub, models.Event)
        assert kept == len(arrived) - sum(found.pruned.values())
    assert sum(account(hub).pruned.values()) > 0


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path, retention=RULES) as hub:
        add_device(hub)
        yield hub


def test_the_verbs_say_before_they_act(sqlite: Hub, tmp_path: Path, capsys) -> None:
    hub = sqlite
    (tmp_path / "hub.yaml").write_text(dump(hub.config))
    content = picture(1)
    store(hub, content)
    arrive(hub, LONG_AGO, *(health(n) for n in range(1, 11)))
    arrive(hub, LONG_AGO, decision(11, "s", blob=blob_ref(content)))

    def run(*words: str) -> str:
        make_app()(["retention", *words, "--data", str(tmp_path)], standalone_mode=False)
        return capsys.readouterr().out

    for asked in (("plan",), ("run", "--dry-run")):
        assert run(*asked).startswith("would go now: 10 telemetry, 1 samples, 1 pictures")
    assert count(hub, models.Event) == 11
    assert run("run").startswith("removed 10 telemetry, 1 samples, 1 pictures")
    assert count(hub, models.Event) == 0
    planned = json.loads(run("plan", "--json"))
    assert planned["went"] == {"telemetry": 10, "samples": 1, "pictures": 1}
    assert set(planned["would_go"].values()) == {0}
    with hub.database.session() as session:
        assert (
            session.scalar(select(func.count()).where(models.AuditLog.what == "retention.run")) == 1
        )


def test_a_new_file_gives_room_back_to_the_disk(tmp_path: Path) -> None:
    with make_hub(tmp_path, retention={"telemetry_days": 30}) as hub:
        add_device(hub)
        figures = {f"gauge {n}": float(n) for n in range(500)}
        arrive(hub, LONG_AGO, *(event(n, "t", HealthBody(figures=figures)) for n in range(1, 101)))

        def pages() -> int:
            with hub.database.session() as session:
                return session.connection().exec_driver_sql("PRAGMA page_count").scalar() or 0

        before = pages()
        Pruner(hub, NOW).turn()
        assert pages() < before / 2


def test_of_a_large_log_only_what_is_old_is_looked_at(tmp_path: Path) -> None:
    rules = Rules.at(RetentionConfig(alerts_days=30, audit_log_days=30), NOW)
    with make_hub(tmp_path) as here:
        for old in others.old_rows(rules):
            if old.kind not in ("alerts", "audit log"):
                continue
            name = old.table.__tablename__
            with here.database.transaction() as session, plans.asked(here, name) as said:
                others.prune_some(session, old)
            way = plans.plan(here, said)
            assert f"ix_{name}_at (at<?)" in way
            assert "SCAN" not in way and "TEMP B-TREE" not in way


def test_of_samples_fewer_go_at_once_than_of_rows_that_nothing_else_names(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked for in other tables and stands in a dozen indexes: 5,000 held up all others for two seconds."""
    monkeypatch.setattr(rows, "CHOSEN", 4)
    arrive(hub, LONG_AGO, *(decision(n, f"s{n}") for n in range(1, 11)))
    arrive(hub, LONG_AGO, *(health(n) for n in range(11, 21)))
    pruned = []
    repeat = turn_module.Turn.counted

    def counted(turn: turn_module.Turn, kind: str, done: rows.Step) -> bool:
        pruned.append((kind, done.pruned))
        return repeat(turn, kind, done)

    monkeypatch.setattr(turn_module.Turn, "counted", counted)
    Pruner(hub, NOW).turn()
    assert [n for kind, n in pruned if kind == "samples"] == [4, 4, 2]
    assert [n for kind, n in pruned if kind == "telemetry"] == [10]
    assert count(hub, models.Sample) == count(hub, models.Event) == 0
