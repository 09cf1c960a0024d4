"""A change in how often leads are won is told, chance is not, and each is told once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from cloud_sync.crm.keeper import LeadKeeper
from cloud_sync.crm.outcomes import proposing, watching
from cloud_sync.crm.outcomes.outcomes import ensure_device
from cloud_sync.store.models import Alert, Annotation, CrmConnection, CrmLead, Project, Sample
from kits.core.sample import utc_now
from tests.cloud_sync.crm.connection.test_meanwhile import change
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.plans import asked, plan


def scores(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).beta(1, 6, n)


def test_scores_that_are_right_alarm_as_seldom_as_promised() -> None:
    alarms = 0
    for seed in range(150):
        p = scores(600, seed)
        won = (np.random.default_rng(10_000 + seed).random(600) < p).astype(float)
        alarms += watching.measure(p, won, false_alarm_rate=0.01, rounds=200).drifted
    assert alarms <= 6  # 1 % of 150 are 1.5; more than 6 come by chance once in 500 runs


def test_a_doubled_base_rate_is_found_from_its_own_leads() -> None:
    p = scores(1500, 1)
    truth = np.where(np.arange(1500) < 1200, p, np.minimum(2 * p, 1))
    won = (np.random.default_rng(2).random(1500) < truth).astype(float)
    found = watching.measure(p, won)
    assert found.drifted and found.rate > 1.5 * found.expected
    assert 150 < found.tail < 600 and "more often" in found.text


def test_leads_that_are_won_less_often_are_found_too() -> None:
    p = np.full(500, 0.4)
    won = (np.random.default_rng(3).random(500) < 0.2).astype(float)
    found = watching.measure(p, won)
    assert found.drifted and "less often" in found.text


def test_few_leads_say_nothing() -> None:
    found = watching.measure(np.full(99, 0.1), np.ones(99))
    assert not found.drifted and "too few" in found.text


def fill(here: LeadHub, n: int, factor: float, *, first: int = 0) -> None:
    """Decided leads, one an hour, each decided after a day."""
    rng, now = np.random.default_rng(first + 7), utc_now()
    bundle = here.models.current(LEADS).id
    with here.hub.database.transaction() as session:
        ensure_device(session, "sales", "webhook", now)
        session.flush()
        for i in range(first, first + n):
            at = now - timedelta(hours=4000 - i)
            score = float(rng.beta(2, 6))
            label = "won" if rng.random() < min(score * factor, 1) else "lost"
            session.add(
                Sample(
                    id=f"s{i:06d}", device="crm-sales", epoch="crm", seq=0, captured_at=at,
                    project=LEADS, bundle=bundle, verdict="pass", score=score,
                    media_type="application/json", prediction={"details": {"base_rate": 0.25}},
                )
            )  # fmt: skip
            session.add(
                Annotation(
                    sample_id=f"s{i:06d}", label=label, body={}, source="outcome",
                    at=at + timedelta(days=1),
                )
            )  # fmt: skip


def test_forms_that_were_tried_out_say_nothing_of_scores(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 400, 1.0)
        bundle = here.models.current(LEADS).id
        with here.hub.database.transaction() as session:
            before = watching.decided(session, LEADS, bundle, utc_now())
            for number in range(0, 400, 10):
                session.get_one(Sample, f"s{number:06d}").meta = {"trial": "a test address"}
        with here.hub.database.session() as session:
            after = watching.decided(session, LEADS, bundle, utc_now())
    assert len(before.won) - len(after.won) == 40 and after.young == before.young


def test_leads_that_were_open_when_the_crm_was_connected_say_nothing_of_scores(
    tmp_path: Path,
) -> None:
    """Who is still open after months is won more seldom than who comes."""
    with lead_hub(tmp_path) as here:
        fill(here, 400, 1.0)
        bundle, connected = here.models.current(LEADS).id, utc_now() - timedelta(hours=4000)
        with here.hub.database.transaction() as session:
            session.get_one(CrmConnection, SALES).created_at = connected
            for number in range(400):
                sample = session.get_one(Sample, f"s{number:06d}")
                came = sample.captured_at - timedelta(days=90 if number < 330 else 0)
                sample.meta = {"order": came.timestamp()}
        with here.hub.database.session() as session:
            found = watching.decided(session, LEADS, bundle, utc_now())
    assert len(found.won) + found.young < 70 + 24 and found.before > 200
    told = watching.watch(found).calibration
    assert told.statistic is None
    assert f"{found.before} more were there before the CRM was connected" in told.text


def test_an_alert_is_raised_once_and_closed_when_it_is_over(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        keeper = LeadKeeper(here.hub, here.models)

        def alerts(name: str = watching.DRIFT) -> list[bool]:
            keeper.look()
            with here.hub.database.session() as session:
                rows = session.scalars(select(Alert).where(Alert.name == name))
                return [row.seen_at is None for row in rows]

        fill(here, 400, 1.0)
        assert alerts() == []
        fill(here, 300, 2.0, first=400)
        assert alerts() == [True] and alerts() == [True]
        assert alerts(watching.BASE_RATE) == [True]
        fill(here, 2500, 1.0, first=700)
        assert alerts() == [False] and alerts(watching.BASE_RATE) == [False]


def test_one_erased_lead_does_not_end_the_watch_over_the_others(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 400, 2.0)
        with here.hub.database.transaction() as session:
            sample = session.get_one(Sample, "s000200")
            sample.prediction, sample.blob_state = {}, "erased"
        LeadKeeper(here.hub, here.models).look()
        assert standing(here) == {watching.DRIFT, watching.BASE_RATE}


def test_another_bundle_in_force_ends_what_was_told_of_the_one_before(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 400, 2.0)
        LeadKeeper(here.hub, here.models).look()
        assert standing(here) == {watching.DRIFT, watching.BASE_RATE}
        release_bundle(here.hub, lead_bundle(2))
        assert here.models.look(LEADS)
        assert standing(here) == set()
        LeadKeeper(here.hub, here.models).look()
        assert standing(here) == set()  # of the new one nothing is known
        here.models.back(LEADS, by="ada")
        LeadKeeper(here.hub, here.models).look()
        assert standing(here) == {watching.DRIFT, watching.BASE_RATE}


@pytest.mark.parametrize(("days_won", "days_lost"), [(10.0, 30.0), (20.0, 2.5), (10.0, 10.0)])
def test_leads_are_settled_when_the_slower_outcome_is_whatever_is_open_still(
    days_won: float, days_lost: float
) -> None:
    rng = np.random.default_rng(5)
    at, p = np.sort(rng.uniform(0, 365, 9000)), rng.beta(1.2, 6, 9000)
    won = rng.random(9000) < p
    done = at + rng.gamma(2, np.where(won, days_won, days_lost))
    for today in (60.0, 365.0):
        decided, there = done <= today, at <= today
        mine, waiting = decided & there, there & ~decided
        age = watching.settled(
            (done - at)[mine], won[mine].astype(float), today - at[mine], today - at[waiting]
        )
        if today < 100:
            assert age is None  # too soon to say
            continue
        assert age is not None
        old = mine & (today - at >= age)
        assert 3.5 * max(days_won, days_lost) < age < 6 * max(days_won, days_lost)
        assert abs(won[old].mean() - p[old].mean()) < 0.02
        assert not watching.measure(p[old][-2000:], won[old][-2000:].astype(float)).drifted


def test_leads_that_are_never_decided_keep_nobody_waiting() -> None:
    took, waiting = np.linspace(1, 30, 600), np.linspace(1, 300, 900)
    won, ages = (np.arange(600) % 5 == 0).astype(float), np.linspace(40, 300, 600)
    age = watching.settled(took, won, ages, waiting)
    assert age is not None and 26 < age < 31


def test_open_leads_count_in_how_long_outcomes_take(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 300, 1.0)
        now, bundle = utc_now(), here.models.current(LEADS).id
        with here.hub.database.transaction() as session:
            for i in range(
                600
            ):  # as old as those, and still open: more may be lost than were so far
                said_then = {
                    "at": (now - timedelta(hours=4000 - i % 300)).isoformat(),
                    "bundle": bundle,
                }
                session.add(
                    CrmLead(connection="sales", object_id=f"{i}", asked=said_then, points=1)
                )
        with here.hub.database.session() as session:
            with asked(here.hub, "asked_at") as said:
                assert len(watching.open_since(session, LEADS, bundle)) == 600
            assert "COVERING INDEX ix_crm_lead_asked (connection=? AND asked_of=?" in plan(
                here.hub, said
            )
            assert watching.open_since(session, LEADS, "another") == []
            assert len(watching.decided(session, LEADS, bundle, now).won) == 300


def test_when_a_score_was_asked_for_goes_with_what_was_said_then(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        here.crm.put("1", size=50)
        here.score("1")
        bundle = here.models.current(LEADS).id
        with here.hub.database.session() as session:
            assert watching.open_since(session, LEADS, bundle) == [here.clock()]
        with here.hub.database.transaction() as session:
            session.add(Project(name="partners", kit="lead-scoring", kit_yaml=""))
        change(here.hub, SALES, project="partners")
        lead = here.lead("1")
        assert (lead.asked, lead.asked_at, lead.asked_of) == ({}, None, "")


def standing(here: LeadHub) -> set[str]:
    with here.hub.database.session() as session:
        return set(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))


def test_leads_that_were_won_at_once_are_not_taken_for_all(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 300, 1.0)
        now = utc_now()
        with here.hub.database.transaction() as session:
            bundle = here.models.current(LEADS).id
            for i in range(200):  # asked for this morning; those that take days are not decided yet
                name, at = f"t{i:06d}", now - timedelta(hours=3)
                session.add(
                    Sample(
                        id=name, device="crm-sales", epoch="crm", seq=0, captured_at=at,
                        project=LEADS, bundle=bundle, verdict="pass", score=0.25,
                        media_type="application/json",
                    )
                )  # fmt: skip
                session.add(
                    Annotation(sample_id=name, label="won", body={}, source="outcome", at=now)
                )
        with here.hub.database.session() as session:
            found = watching.decided(session, LEADS, bundle, now)
        assert len(found.won) == 300 and not watching.watch(found).calibration.drifted


def test_a_retraining_is_proposed_by_scores_that_mislead_or_by_many_new_outcomes(
    tmp_path: Path,
) -> None:
    with lead_hub(tmp_path) as here:

        def weighed(fresh: int, learned: int = 10_000) -> tuple[bool, str]:
            with here.hub.database.session() as session:
                told, why = proposing.weigh(session, LEADS, fresh, learned, utc_now())
            return told, "; ".join(why)

        fill(here, 400, 1.0)
        assert not weighed(400)[0]
        assert weighed(400, learned=1_200)[0]
        assert not weighed(90, learned=200)[0]
        fill(here, 300, 2.0, first=400)
        told, why = weighed(700)
        assert told and "more often" in why
        assert "before anything changes" in why
