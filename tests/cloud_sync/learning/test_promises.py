"""A champion that acts far more often than its own rates let expect is told, though nothing has drifted since it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from cloud_sync.hub import Hub
from cloud_sync.learning import promises
from cloud_sync.learning.planning import watch_drift
from cloud_sync.learning.promises import beyond_promise
from cloud_sync.store.models import Alert, Bundle, Sample
from kits.core.operating_point import ErrorBound
from kits.core.sample import utc_now
from kits.core.stats import Estimate, proportion
from tests.cloud_sync.fleet_builders import make_bundle, put_blob
from tests.cloud_sync.hub_builders import PROJECT, open_hub

CHAMPION = "b" * 64
RATES = {"overkill_rate": proportion(1, 80), "review_rate": proportion(5, 90)}
NOW = utc_now()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(tmp_path) as (_, hub):
        yield hub


def champion(hub: Hub, rates: dict[str, Estimate], bound: ErrorBound | None = None) -> None:
    content = make_bundle(PROJECT, rates=rates, bound=bound)
    digest = put_blob(hub, content)
    with hub.database.transaction() as session:
        session.add(
            Bundle(id=CHAMPION, project=PROJECT, name="n", version=1, kit="visual-inspection",
                   blob=digest, size=len(content), origin="publisher", champion=True)
        )  # fmt: skip


def decide(
    hub: Hub,
    *,
    act: int = 0,
    review: int = 0,
    passed: int = 0,
    days: float = 5,
    meta: Mapping[str, object] | None = None,
) -> None:
    """Decisions of the last days, all with the same score: nothing drifts; two pictures of each part.

    Args:
        meta: of those left to a person.
    """
    verdicts = ["act"] * act + ["review"] * review + ["pass"] * passed
    rows = [
        {"id": f"{verdict}{n}", "device": "press-1", "epoch": "e", "seq": n, "bundle": CHAMPION,
         "project": PROJECT, "verdict": verdict, "media_type": "image/png", "score": 1.0,
         "group": f"part-{n // 2}", "captured_at": NOW - timedelta(days=days, seconds=n),
         "meta": dict(meta or {}) if verdict == "review" else {}}
        for n, verdict in enumerate(verdicts)
    ]  # fmt: skip
    with hub.database.transaction() as session:
        session.execute(insert(Sample), rows)


def said(hub: Hub) -> str:
    with hub.database.session() as session:
        return beyond_promise(hub, session, session.get_one(Bundle, CHAMPION), now=NOW) or ""


def test_a_lamp_that_was_changed_before_the_first_picture_is_told_once_a_day(hub: Hub) -> None:
    champion(hub, RATES)
    decide(hub, act=160, passed=40)
    (alert,) = watch_drift(hub, PROJECT, now=NOW)
    assert alert.name == "beyond-promise" and "acted on 80.0 %" in alert.text
    assert "light" in alert.text
    assert watch_drift(hub, PROJECT, now=NOW + timedelta(hours=1)) == ()
    with hub.database.session() as session:
        assert session.query(Alert).filter(Alert.name == "drift").count() == 0


def test_of_a_fast_line_the_latest_decisions_are_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion(hub, RATES)
    decide(hub, act=160, passed=40)
    assert said(hub).startswith("in the last 7 days ")
    monkeypatch.setattr(promises, "MOST", 150)
    assert said(hub).startswith("in the latest 150 decisions ")


def test_more_questions_to_people_than_measured_are_told(hub: Hub) -> None:
    champion(hub, RATES)
    decide(hub, act=4, review=90, passed=106)
    assert "reviews 45.0 %" in said(hub)


@pytest.mark.parametrize(
    ("act", "review", "passed", "days"),
    [(8, 12, 180, 5), (20, 0, 0, 5), (160, 0, 40, 9)],
    ids=["as measured", "too few", "long ago"],
)
def test_nothing_is_told_of_what_is_no_more_than_promised(
    hub: Hub, act: int, review: int, passed: int, days: float
) -> None:
    champion(hub, RATES)
    decide(hub, act=act, review=review, passed=passed, days=days)
    assert said(hub) == ""


def test_what_one_look_in_forty_shows_by_chance_is_no_alarm(hub: Hub) -> None:
    """The hub looks each hour: beside a well measured promise every other year alarmed, though it was kept."""
    champion(hub, {"overkill_rate": proportion(20, 2000), "review_rate": proportion(100, 2000)})
    decide(hub, act=34, review=76, passed=730)
    assert proportion(38, 420).low > proportion(100, 2000).high
    assert said(hub) == ""
    with hub.database.transaction() as session:
        for sample in session.query(Sample).filter(Sample.verdict == "pass").limit(40):
            sample.verdict = "review"
    assert "reviews 13.8 %" in said(hub)


def test_a_bundle_without_rates_promises_nothing(hub: Hub) -> None:
    champion(hub, {})
    decide(hub, act=200)
    assert said(hub) == ""


BOUND = ErrorBound(epsilon=0.02, delta=0.05, n=500, accepted=400, errors=2, coverage=proportion(400, 500), upper=0.015)  # fmt: skip
FILED = {"filed_share": proportion(400, 500)}


def test_mails_of_which_far_less_is_filed_than_was_measured_are_told(hub: Hub) -> None:
    champion(hub, FILED, BOUND)
    decide(hub, act=100, review=100)
    assert "decided without a person 50.0 % [" in said(hub)
    assert "a new product" in said(hub)


@pytest.mark.parametrize("meta", [{"audit": True}, {"gate": "closed"}])
def test_mails_that_an_audit_or_a_gate_kept_back_would_have_been_filed(
    hub: Hub, meta: dict[str, object]
) -> None:
    champion(hub, FILED, BOUND)
    decide(hub, act=100, review=60, passed=40, meta=meta)
    assert said(hub) == ""


def test_mails_of_a_bundle_that_promises_nothing_are_compared_with_nothing(hub: Hub) -> None:
    champion(hub, {}, BOUND.model_copy(update={"accepted": 0}))
    decide(hub, review=200)
    assert said(hub) == ""
