"""Tables of leads as a project has them, and what every candidate says at each rolling step: for rules compared on them.

Each table is a project as `kit train` has it: folds within the oldest 70 %, then `val`, then `test`. Made-up tables
come by seed; public files are read in order of time, cut at their oldest shares, so that a rule can be looked at without
the latest leads. Nothing is chosen here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.lead_calibration_made import FAMILIES
from benchmarks.lead_court import read_table
from benchmarks.lead_models import COLUMNS
from kits.core.dataset import Split
from kits.core.stats import Floats, auroc, bootstrap
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import FEW_LEADS, FEW_WON, Candidate, candidates
from kits.lead_scoring._learning.folds import LATER, Origin, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner, Trial
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.telling import are_many
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import ModelSpec
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import ColumnsConfig, Config

TRAIN, VAL = 0.7, 0.15
"""Shares of a project's splits."""
Named = tuple[str, str, LeadTable]
"""Family, table, its leads."""


@dataclass(frozen=True)
class Rolled:
    """What candidates say at all steps of a table.

    Attributes:
        margins: by name of the step; log-odds of the leads that it judges.
        won: (leads,) 1 or 0.
    """

    steps: tuple[Origin, ...]
    tried: tuple[Candidate, ...]
    margins: Mapping[str, Mapping[Candidate, Floats]]
    won: Floats


def tables(
    families: Collection[str], seeds: Sequence[int], data: Path | None, oldest: Sequence[float]
) -> Iterator[Named]:
    """Made-up tables by seed, then public files.

    Args:
        families: words in names of families or files; none: all.
        oldest: shares of a public file's leads that are tables.
    """

    def asked(family: str) -> bool:
        return not families or any(word in family for word in families)

    for family in filter(asked, FAMILIES):
        for seed in seeds:
            yield family, f"{family} {seed}", FAMILIES[family](seed)
    if data is not None:
        for name in filter(asked, (*COLUMNS, "crm_opportunities")):
            leads = public_table(data, name)
            for share in oldest:
                yield name, f"{name} {share}", leads.rows(np.arange(round(share * len(leads))))


def auc_text(won: Floats, scores: Floats, less: Floats | None = None, *, seed: int) -> str:
    """AUC with its interval, leads drawn again; or by how much it is more than that of other scores of the same leads."""

    def value(rows: NDArray[np.intp]) -> float:
        own = auroc(scores[rows], won[rows] > 0)
        return own if less is None else own - auroc(less[rows], won[rows] > 0)

    one = bootstrap(value, [str(n) for n in range(len(won))], seed=seed)
    sign = "" if less is None else "+"
    return f"{one.value:{sign}.3f} [{one.low:{sign}.3f}, {one.high:{sign}.3f}]"


def public_table(folder: Path, name: str) -> LeadTable:
    """A file's decided leads, without what `lead_models` leaves out beforehand."""
    known = COLUMNS.get(name)
    left = known.without if known is not None else ()
    path = folder / name / "train.csv" if known is not None else folder / name
    return read_table(path, Config(columns=ColumnsConfig(exclude=left))).decided


def shipped(leads: Sequence[Lead], won: Floats, config: Config, seed: int = 0) -> Scorer:
    """What a training ships that learns from leads in order of time, on whose columns no court is held; its probabilities alone."""
    count, rows = len(leads), np.arange(len(leads))
    sheet = Sheet(leads)
    kinds = kinds_of(sheet, rows, sheet.names, config.columns)
    learner = Learner(sheet, won, kinds, frozenset(), config, seed)
    steps = origins(_places(count), [""] * count, config.folds, in_time=True, seed=seed)
    few = bool(count < FEW_LEADS or won.sum() < FEW_WON)
    tried = candidates(config, few=few, in_time=True, drifting=(), many=are_many(kinds, won))
    taken = run_backtest(learner, steps, tried, in_time=True).shipped
    fitted = learner.fit(rows, taken.candidate)
    spec = ModelSpec(
        approach=taken.candidate.name,
        additive=fitted.additive,
        trees=fitted.trees is not None,
        season=fitted.season,
        calibrator=taken.calibrator,
    )
    return Scorer(spec, Encoder(fitted.encoder), fitted.trees)


def _places(count: int) -> list[Split]:
    ends = round(TRAIN * count), round((TRAIN + VAL) * count)
    return ["train" if n < ends[0] else "val" if n < ends[1] else "test" for n in range(count)]


def rolled(leads: LeadTable, seed: int) -> Rolled:
    """All candidates at all steps, as in `kit train`."""
    count, won, config = len(leads), leads.won, Config()
    places = _places(count)
    known = np.flatnonzero(np.array(places) != "test")
    court = hold_court(leads.rows(known), config, seed=seed)
    sheet = Sheet(leads.leads)
    kept = [name for name in sheet.names if name not in court.excluded]
    kinds = kinds_of(sheet, known, kept, config.columns)
    drifting = frozenset(court.drifting) & set(kinds)
    few = bool(len(known) < FEW_LEADS or won[known].sum() < FEW_WON)
    learner = Learner(sheet, won, kinds, drifting, config, seed)
    steps = origins(places, [""] * count, config.folds, in_time=True, seed=seed)
    tried = candidates(
        config, few=few, in_time=True, drifting=drifting, many=are_many(kinds, won[known])
    )
    margins = {
        step.name: Trial(learner, step, view=tried[0].view, inner=step.name not in LATER).margins(
            tried
        )
        for step in steps
    }
    return Rolled(steps, tried, margins, won)
