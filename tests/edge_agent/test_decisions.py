"""Decisions, selection and alerts, each by what it does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from edge_agent.alert_book import AlertBook
from edge_agent.config import (
    SelectionConfig,
)
from edge_agent.decide import Outcome, judge, safe
from edge_agent.selection import Selection
from edge_agent.sync.entry import Entry
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction

POINT = OperatingPoint(
    default=Band(act_at=0.8, review_from=0.5), method="test", dataset="d", seed=0
)


def judged(score: float, elapsed_ms: float = 10, safe_side: str = "act") -> Outcome:
    return judge(
        POINT,
        Prediction(score=score),
        elapsed_ms=elapsed_ms,
        deadline_ms=100,
        safe_side=safe_side,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("score", "verdict"), [(0.1, "pass"), (0.6, "review"), (0.9, "act")])
def test_in_time_the_operating_point_decides(score: float, verdict: str) -> None:
    outcome = judged(score)
    assert (outcome.verdict, outcome.decided) == (verdict, True)


def test_past_the_deadline_the_safe_side_decides_and_says_so() -> None:
    outcome = judged(0.1, elapsed_ms=150)
    assert (outcome.verdict, outcome.decided, outcome.score) == ("act", False, 0.1)
    assert "the model said pass" in outcome.reason


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_never_passes(score: float) -> None:
    assert judged(score, safe_side="pass").verdict == "review"
    assert judged(score, safe_side="act").verdict == "act"


# -- selection -----------------------------------------------------------------------------------


def outcome(verdict: str, score: float = 0.1) -> Outcome:
    return Outcome(verdict, score, "", "", decided=True)  # type: ignore[arg-type]


def test_acts_and_reviews_are_kept_and_reasons_recorded() -> None:
    selection = Selection(SelectionConfig(audit_rate=0, novelty=0))
    reasons = [selection.choose(outcome(v), lambda: 10).kept_for for v in ("act", "review", "pass")]
    assert reasons == ["act", "review", ""]


def test_the_audit_is_never_starved_by_a_day_of_defects() -> None:
    config = SelectionConfig(budget_bytes_per_day=10_000, audit_rate=0.02, audit_share=0.2, seed=4)
    selection = Selection(config)
    kept = [selection.choose(outcome("act"), lambda: 100).kept_for for _ in range(1000)]
    assert kept.count("act") <= 80
    assert kept.count("audit") >= 15
    assert sum(bool(k) for k in kept) * 100 <= 10_000
    assert "audit" in kept[500:]


def test_the_same_seed_audits_the_same_samples() -> None:
    def audits(seed: int) -> list[int]:
        selection = Selection(SelectionConfig(audit_rate=0.1, novelty=0, seed=seed))
        return [n for n in range(300) if selection.choose(outcome("pass"), lambda: 1).keep]

    assert audits(1) == audits(1)
    assert audits(1) != audits(2)
    assert 15 <= len(audits(1)) <= 50


def test_a_new_day_renews_the_budget() -> None:
    now = [datetime(2026, 1, 1, 12, tzinfo=timezone.utc)]
    config = SelectionConfig(budget_bytes_per_day=100, audit_rate=0, audit_share=0)
    selection = Selection(config, now=lambda: now[0])
    assert selection.choose(outcome("act"), lambda: 100).keep
    refused = selection.choose(outcome("act"), lambda: 100)
    assert not refused.keep
    assert "budget" in refused.refused
    now[0] += timedelta(days=1)
    assert selection.choose(outcome("act"), lambda: 100).keep


def test_an_unusual_score_is_novel() -> None:
    rng = np.random.default_rng(0)
    selection = Selection(SelectionConfig(audit_rate=0, novelty=5.0))
    usual = [
        selection.choose(outcome("pass", s), lambda: 1).keep for s in rng.normal(0.2, 0.01, 300)
    ]
    assert sum(usual) <= 3
    assert selection.choose(outcome("pass", 0.45), lambda: 1).kept_for == "novelty"


def test_an_alert_is_raised_once_and_cleared_once() -> None:
    entries: list[Entry] = []

    def put(entry: Entry) -> bool:
        entries.append(entry)
        return True

    book = AlertBook(put)
    for _ in range(3):
        book("camera", "error", "gone")
    book("camera", "info", "back")
    book("camera", "info", "back")
    assert [e.body.severity for e in entries] == ["error", "info"]  # type: ignore[union-attr]
    assert book.open() == {}


def test_an_alert_that_comes_and_goes_is_told_a_few_times_and_then_stays() -> None:
    entries: list[Entry] = []
    now = [1000.0]

    def put(entry: Entry) -> bool:
        entries.append(entry)
        return True

    book = AlertBook(put, clock=lambda: now[0])
    for _ in range(500):
        book("camera", "error", "gone")
        book("camera", "info", "back")
        book.settle()
        now[0] += 0.5
    assert len(entries) <= 6
    assert "camera" in book.open()
    now[0] += 60
    book.settle()
    book.settle()
    assert book.open() == {}
    assert len(entries) <= 7
    assert entries[-1].body.severity == "info"  # type: ignore[union-attr]


def test_the_safe_side_names_its_reason() -> None:
    assert safe("the model failed", "act").reason == "safe side: the model failed"
