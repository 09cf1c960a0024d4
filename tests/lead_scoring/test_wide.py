"""A table of millions of cells is learned from as a small one is, with less effort."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.stats import auroc
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import Backtest, run_backtest
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.effort import is_large
from kits.lead_scoring._learning.folds import origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._reading import reading
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.files import loading
from kits.lead_scoring._reading.joining.tables import Tables
from kits.lead_scoring._reading.outcome.cells import says_more
from kits.lead_scoring._reading.values.dates import order_told
from kits.lead_scoring.config import Config
from tests.lead_scoring.reading.lead_files import put, table

ROWS, TOPICS, COLUMNS = 21_000, 36, 10
CONFIG = Config.model_validate({"trees": 10, "learning_rate": 0.3, "approach": "auto"})


@cache
def learner() -> tuple[Learner, NDArray[np.float64]]:
    """Leads that hold several of many topics in each of some columns; and the log-odds they are won by."""
    rng = np.random.default_rng(5)
    held = rng.random((400, COLUMNS, TOPICS)) < 0.3
    kinds_of_leads = [
        Lead(
            str(n),
            {
                f"column {c}": ";".join(f"topic {k}" for k in np.flatnonzero(own))
                for c, own in enumerate(lead)
            },
        )
        for n, lead in enumerate(held)
    ]
    which = rng.integers(len(held), size=ROWS)
    logits = (2.0 * held[:, 0, 0] - 2.0 * held[:, 1, 1] + 1.5 * held[:, 2, 2] - 1.0)[which]
    won = (rng.random(ROWS) < 1 / (1 + np.exp(-logits))).astype(np.float64)
    sheet = Sheet([kinds_of_leads[n] for n in which.tolist()])
    kinds = kinds_of(sheet, np.arange(ROWS), sheet.names, CONFIG.columns)
    return Learner(sheet, won, kinds, frozenset(), CONFIG, seed=0), logits


@cache
def judged() -> Backtest:
    split = ["train"] * (ROWS - 2_000) + ["val"] * 2_000
    steps = origins(split, [""] * ROWS, CONFIG.folds, in_time=True, seed=0)
    tried = candidates(CONFIG, few=False, in_time=True, drifting=())
    return run_backtest(learner()[0], steps, tried, in_time=True)


@pytest.mark.slow
def test_models_of_a_wide_table_are_given_up_on_the_way_and_one_of_them_is_taken() -> None:
    assert is_large(learner()[0].encoded(np.arange(ROWS // 2)).matrix.size)
    every = candidates(CONFIG, few=False, in_time=True, drifting=())
    shipped = judged().shipped
    assert 1 <= len(shipped.scored) <= 4
    assert shipped.candidate in every
    assert len(judged().given_up) >= 8


@pytest.mark.slow
def test_leads_of_a_wide_table_are_scored_nearly_as_well_as_their_truth_allows() -> None:
    known, logits = learner()
    rows = np.array(sorted(judged().unseen))
    chances = np.array([judged().unseen[row] for row in rows.tolist()])
    assert len(rows) == ROWS - round(0.5 * (ROWS - 2_000))  # all that any fold judges
    won = known.won[rows] > 0
    assert auroc(chances, won) > auroc(logits[rows], won) - 0.03


@pytest.mark.slow
def test_what_ships_of_a_wide_table_has_a_term_for_each_column_of_its_matrix() -> None:
    known, _ = learner()
    rows = np.arange(ROWS)
    fitted = known.fit(rows, judged().shipped.candidate)
    assert fitted.additive is not None
    matrix = known.encoded(rows).matrix
    assert len(fitted.additive.terms) == matrix.shape[1]


class Watched(list[str]):
    """A column that counts its cells that are looked at one by one."""

    seen = 0

    def __iter__(self) -> Iterator[str]:
        for cell in super().__iter__():
            self.seen += 1
            yield cell


def test_of_a_column_without_dates_one_cell_tells_it() -> None:
    numbers = Watched(["", *map(str, range(1_000))])
    days = Watched(["", "03/14/2024", "02/01/2024"])
    assert order_told([numbers, days]) == "likely-month-first"
    assert numbers.seen == 2


def test_of_a_column_of_many_values_a_few_tell_that_it_is_no_outcome() -> None:
    many = Watched(map(str, range(10_000)))
    assert says_more(many, 200) and not many.seen
    few = ["-", "n/a", "won", "lost", "open"] * 100
    assert says_more(few, 2) and not says_more(few, 3)


def test_tables_that_are_held_are_not_gone_through_for_garbage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collecting: list[bool] = []
    find = reading.find_tables

    def watched(path: Path, config: Config, learned: Learned | None = None) -> Tables:
        collecting.append(gc.isenabled())
        return find(path, config, learned)

    monkeypatch.setattr(reading, "find_tables", watched)
    rows = [[n, "a", n % 2] for n in range(30)]
    found = reading.read_leads(put(tmp_path / "e.csv", table(["id", "c", "won"], rows)), Config())
    next(found)
    aside = gc.get_freeze_count()
    assert collecting == [False] and gc.isenabled() and aside
    found.close()
    assert gc.get_freeze_count() < aside


def test_who_comes_again_among_very_many_is_once_in_memory(tmp_path: Path) -> None:
    rows = [[f"visitor-{n % 8_000}", "view", f"2025-01-01 {n}"] for n in range(16_000)]
    path = put(tmp_path / "visits.csv", table(["email", "event", "at"], rows))
    cells = loading.load_sheets(path, path.name, Config().source).sheets[0].cells
    assert len(set(map(id, cells["email"]))) == 8_000
