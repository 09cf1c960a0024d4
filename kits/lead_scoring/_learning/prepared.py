"""What a training learns from: decided leads of people who may be scored, the court's verdicts, and how models are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import TrainTask
from kits.core.placing import STATED
from kits.lead_scoring._court.held import court_by_splits
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._learning.candidates import FEW_LEADS, FEW_WON
from kits.lead_scoring._learning.delays import Delays, delays_of
from kits.lead_scoring._learning.device import device_for
from kits.lead_scoring._learning.folds import YOUNG, Clock, Origin, is_in_time, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.settled import settled_of
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.so_far import SoFar, so_far
from kits.lead_scoring._learning.telling import are_many
from kits.lead_scoring._objecting import objects
from kits.lead_scoring._stated import reaching, refuse_misspelt
from kits.lead_scoring._table import LeadTable, load_table, won_of
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
_CHOSEN_BY: tuple[Split, ...] = ("train", "val")
"""Splits by which it is chosen what is learned from."""
_FEWEST = 20
"""Leads won, and lost ones, without which nothing can be learned nor judged."""


@dataclass(frozen=True)
class Prepared:
    """What is learned from, and how it is judged.

    Attributes:
        everything: all leads that may be scored, the open ones too.
        table: those of them that teach: decided ones, and held ones as they are so far.
        splits: (rows,) of `table`; held ones are of none.
        decided: how long outcomes take by those that are decided; None: that is not known, or was otherwise of late.
        so_far: what held ones teach; None: nothing.
        few: whether leads are.
        many: whether columns are, for so few outcomes.
    """

    everything: LeadTable
    table: LeadTable
    splits: tuple[str, ...]
    decided: Delays | None
    so_far: SoFar | None
    court: Court
    learner: Learner
    steps: tuple[Origin, ...]
    in_time: bool
    few: bool
    many: bool


def prepare(task: TrainTask, config: Config) -> Prepared:
    """Holds court and lays out the folds.

    Raises:
        DataError: too few decided leads, or no column to learn from.
    """
    outcomes = np.array([won_of(item) for item in task.dataset.items], dtype=np.float64)
    _refuse_few(outcomes[np.isfinite(outcomes)], len(outcomes))  # before any lead is read
    everything = _willing(load_table(task.dataset, task.dataset.items), config.columns.opt_out)
    _refuse_few(everything.won[np.isfinite(everything.won)], len(everything))
    refuse_misspelt(everything.names, config.columns)
    config = config.model_copy(update={"columns": reaching(everything.names, config.columns)})
    decided = delays_of(
        everything.items, everything.order, everything.won, config.source.open_for_days
    )
    rows = _rows(everything, decided, config)
    table, splits = rows.table, rows.splits
    known = np.flatnonzero(np.isin(np.array(splits), _CHOSEN_BY))
    held = court_by_splits(everything, config, seed=task.seed)
    if held is None:
        raise DataError(
            "no lead of train and val has an outcome: those of test are not learned from",
            fix="import leads whose outcome is known over a longer time; `kit data show` counts them",
        )
    court, new = held.court, held.latecomers
    barred = {
        *court.excluded,
        *config.columns.exclude,
        *config.columns.protected,
        *config.columns.opt_out,
    }
    sheet = Sheet(table.leads)
    names = [name for name in sheet.names if name not in barred]
    kinds = kinds_of(sheet, known, [n for n in names if n not in new], config.columns)
    kinds |= kinds_of(sheet, np.arange(len(table)), [n for n in names if n in new], config.columns)
    if not kinds:
        raise DataError(
            "no column is left to learn from",
            where="model.columns",
            fix="kit check says why each is left out; columns.keep takes one back",
        )
    groups = [item.sample.group for item in table.items]
    learner = Learner(
        sheet=sheet,
        won=table.won,
        kinds=kinds,
        drifting=frozenset(court.drifting) & set(kinds),
        config=config,
        seed=task.seed,
        device=device_for(task.device),
        progress=task.progress,
        settled=rows.settled,
        delays=decided if rows.so_far is None else rows.so_far.delays,
    )
    steps = origins(
        splits,
        groups,
        config.folds,
        in_time=rows.in_time,
        seed=task.seed,
        clock=Clock(table.order, rows.settled, STATED in task.dataset.header.split_rule),
        won=table.won,
    )
    won = table.won[known]
    few = len(won) < FEW_LEADS or won.sum() < FEW_WON
    return Prepared(
        everything, table, splits, decided, rows.so_far, court, learner, steps, rows.in_time, bool(few),
        are_many(kinds, won),
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """The leads that teach, and since when each does."""

    table: LeadTable
    splits: tuple[str, ...]
    settled: Floats
    in_time: bool
    so_far: SoFar | None = None


def _rows(everything: LeadTable, decided: Delays | None, config: Config) -> _Rows:
    """Decided leads; and held ones, unless a person stated for how long whatever happens to a lead says nothing."""
    table, stated = everything.decided, config.source.open_for_days
    splits = tuple(item.split for item in table.items)
    in_time = is_in_time(table.order, splits)
    found = so_far(everything, decided) if decided is not None and in_time and not stated else None
    if found is not None:
        own = zip(found.young.tolist(), found.table.items)
        return _Rows(
            found.table, tuple(YOUNG if young else item.split for young, item in own), found.settled, in_time, found
        )  # fmt: skip
    told = settled_of(table.items, table.order, table.won, stated)
    return _Rows(table, splits, np.fmax(told, table.order), in_time)


def _willing(table: LeadTable, opt_out: Sequence[str]) -> LeadTable:
    """Without people who do not want to be scored: they teach no score either."""
    if not opt_out:
        return table
    said = np.array([objects(lead, opt_out) for lead in table.leads], dtype=bool)
    return table.rows(~said)


def _refuse_few(outcomes: Floats, leads: int) -> None:
    """`outcomes`: (decided,) 1 won, 0 lost."""
    won = int(outcomes.sum())
    if not len(outcomes):
        raise DataError(
            f"none of {leads} leads has an outcome: nothing can be learned",
            fix="name the column that tells what became of them in kit.yaml: model.source.outcome, and its cells: "
            "model.source.won; then kit data import again with --replace",
        )
    lost = len(outcomes) - won
    if min(won, lost) < _FEWEST:
        raise DataError(
            f"{won} leads won and {lost} lost are too few to learn from",
            fix=f"import at least {_FEWEST} of each; `kit data show` counts them",
        )
