"""Of many columns for few outcomes those are learned from that say something by themselves, where that is better."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kits.core.stats import auroc
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import ALL, Candidate, View, candidates
from kits.lead_scoring._learning.folds import origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.story import columns_note
from kits.lead_scoring._learning.telling import are_many
from kits.lead_scoring.config import Config

CONFIG = Config.model_validate({"approach": "logistic", "folds": 2})
SAY = {"size", "source", "budget", "topics"}
ROWS, CUSTOM = 1_600, 60


@cache
def firm() -> Learner:
    """Leads of which four columns of 64 say whether they are won, one of them by its gaps alone."""
    rng = np.random.default_rng(4)
    size, source = rng.normal(size=ROWS), rng.integers(4, size=ROWS)
    given, held = rng.random(ROWS) < 0.5, rng.random((ROWS, 5)) < 0.3
    logits = -2.2 + 1.2 * (np.abs(size) < 0.7) + np.array([-0.8, -0.3, 0.3, 0.8])[source]
    logits += 0.9 * given + 0.8 * held[:, 0]
    won = (rng.random(ROWS) < 1 / (1 + np.exp(-logits))).astype(np.float64)
    custom = rng.normal(size=(ROWS, CUSTOM)).round(2)
    words = rng.integers(6, size=(ROWS, CUSTOM))
    leads = []
    for n in range(ROWS):
        fields: dict[str, Value] = {
            f"custom {c}": float(custom[n, c]) if c % 2 else f"choice {words[n, c]}"
            for c in range(CUSTOM)
        }
        fields |= {
            "size": float(size[n]),
            "source": f"source {source[n]}",
            "budget": float(rng.integers(100)) if given[n] else None,
            "topics": ";".join(f"topic {k}" for k in np.flatnonzero(held[n])),
        }
        leads.append(Lead(str(n), fields))
    sheet = Sheet(leads)
    kinds = kinds_of(sheet, np.arange(ROWS), sheet.names, CONFIG.columns)
    return Learner(sheet, won, kinds, frozenset({"source"}), CONFIG, seed=0)


def seen(view: View) -> set[str]:
    return {column.name for column in firm().encoded(np.arange(ROWS), view).spec.columns}


def test_columns_that_say_something_are_taken_and_few_of_the_others() -> None:
    taken = seen(View(telling=True))
    assert taken >= SAY
    assert len(taken - SAY) <= 8
    assert len(seen(ALL)) == CUSTOM + len(SAY)


def test_a_drifting_column_that_says_something_is_left_out_all_the_same() -> None:
    assert seen(View(stable=True, telling=True)) & SAY == SAY - {"source"}


def test_some_columns_are_taken_where_none_says_anything() -> None:
    learner = firm()
    silent = {name: kind for name, kind in learner.kinds.items() if name not in SAY}
    blind = Learner(learner.sheet, np.arange(ROWS) % 2.0, silent, frozenset(), CONFIG, seed=0)
    assert 3 <= len(blind.encoded(np.arange(ROWS), View(telling=True)).spec.columns) <= 8


@pytest.mark.parametrize(
    ("columns", "won", "lost", "many"),
    [(25, 499, 5_000, True), (25, 500, 5_000, False), (24, 100, 5_000, False), (100, 5_000, 400, True)],
)  # fmt: skip
def test_columns_are_many_beside_the_rarer_outcome(
    columns: int, won: int, lost: int, many: bool
) -> None:
    outcomes = np.repeat([1.0, 0.0], [won, lost])
    assert are_many([str(n) for n in range(columns)], outcomes) is many


def test_each_model_is_tried_of_telling_columns_too_where_columns_are_many() -> None:
    for few in (True, False):
        usual = candidates(CONFIG, few=few, in_time=True, drifting=("source",))
        every = candidates(CONFIG, few=few, in_time=True, drifting=("source",), many=True)
        assert [one for one in every if not one.telling] == list(usual)
        assert len({one.name for one in every}) == len(every) == 2 * len(usual)


def test_a_model_of_few_columns_is_the_simpler_one() -> None:
    assert Candidate("mean", telling=True).complexity < Candidate("logistic").complexity


@cache
def auc_of(*, many: bool) -> tuple[float, Candidate]:
    """Of the latest leads, and who judged them."""
    learner = firm()
    ends = ROWS * 6 // 10, ROWS * 7 // 10
    splits = ["train"] * ends[0] + ["val"] * (ends[1] - ends[0]) + ["test"] * (ROWS - ends[1])
    steps = origins(splits, [""] * ROWS, CONFIG.folds, in_time=True, seed=0)
    tried = candidates(CONFIG, few=False, in_time=True, drifting=(), many=many)
    made = run_backtest(learner, steps, tried, in_time=True)
    rows = np.arange(ends[1], ROWS)
    chances = np.array([made.unseen[row] for row in rows.tolist()])
    return auroc(chances, learner.won[rows] > 0), made.shipped.candidate


def test_many_columns_that_say_nothing_drown_no_others() -> None:
    without, with_them = auc_of(many=False)[0], auc_of(many=True)
    assert with_them[1].telling
    assert with_them[0] > without + 0.02


def test_the_notes_name_the_columns_that_are_learned_from() -> None:
    columns = [f"c{n}" for n in range(14)]
    (told,) = columns_note(Candidate("logistic", telling=True), columns, 90)
    assert told.startswith("14 of 90 columns are learned from")
    assert told.endswith("c10, c11 and 2 more")
    assert columns_note(Candidate("logistic"), columns, 90) == ()
