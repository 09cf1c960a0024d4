"""Hints: what could be changed or asked for, told as what the model knows and never as a promise."""

from __future__ import annotations

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.made_leads import a_table, repeated

ROWS = [
    *repeated({"demo": "booked", "size": "large"}, 30, 70),
    *repeated({"demo": "none so far", "size": "small"}, 10, 190),
]
ACTIONABLE = Config(columns=ColumnsConfig(actionable=("demo",)))


def _score(lead: Lead) -> float:
    by_demo = 0.31 if lead.fields.get("demo") == "booked" else 0.11
    return by_demo + (0.3 if lead.fields.get("size") == "large" else 0.0)


def _hints(fields, config=ACTIONABLE, score=_score):
    spec = learn_rates(a_table(ROWS), ["demo", "size"], config)
    return Explainer(spec).hints(Lead("1", fields), score)


def test_what_the_team_can_change_is_told_with_both_scores():
    (hint,) = _hints({"demo": "none so far", "size": "small"})

    assert hint == (
        "if demo were booked, 11 % → 31 % (as far as this model knows; not a promise of effect)"
    )


def test_what_the_team_cannot_change_is_not_told():
    assert _hints({"demo": "none so far", "size": "small"}, Config()) == ()


def test_what_is_not_known_is_worth_asking_for():
    (hint,) = _hints({"demo": "booked"})

    assert hint == ("ask for size: 31 % now, 31 % to 61 % once known (as far as this model knows)")


def test_nothing_is_told_where_the_model_sees_no_difference():
    assert _hints({"demo": "none so far"}, score=lambda lead: 0.2) == ()


def test_a_hint_tries_a_dozen_leads_at_the_most():
    rows = [({f"c{k}": str((n + k) % 40) for k in range(30)}, n % 2) for n in range(2000)]
    spec = learn_rates(a_table(rows), [f"c{k}" for k in range(30)], Config())

    assert len(Explainer(spec).trials(Lead("1", {}))) <= 12
