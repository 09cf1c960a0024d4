"""Training: decided leads → the models of a bundle, judged by a backtest, and the notes a person needs.

It leaves the specification, the trees and the backtest in the run's folder; which leads are hot is chosen later, on
leads that nothing was learned from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.bundle import LicenceNote
from kits.core.files import write_atomically
from kits.core.kit import TrainOutcome, TrainTask
from kits.core.placing import STATED
from kits.lead_scoring._checking.amounts import forgotten_note
from kits.lead_scoring._checking.seasons import season_note
from kits.lead_scoring._checking.times import overlap_note, young_note
from kits.lead_scoring._court.telling import notes as court_notes
from kits.lead_scoring._court.telling import warning
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.usual import FEWEST_LEARNED, usual_of
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import Backtest, run_backtest
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.folds import YOUNG
from kits.lead_scoring._learning.learner import Fitted
from kits.lead_scoring._learning.left_texts import left_texts
from kits.lead_scoring._learning.prepared import Prepared, prepare
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Ints
from kits.lead_scoring._learning.still_open import Staying, open_note, staying
from kits.lead_scoring._learning.story import (
    FEW,
    baseline_of,
    columns_note,
    details_of,
    figures_of,
    hindsight_note,
    tried_of,
    week_note,
)
from kits.lead_scoring._learning.threads import one_thread
from kits.lead_scoring._learning.words import unheeded, words_of
from kits.lead_scoring._models import trees
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import ModelSpec
from kits.lead_scoring._reasons.spec import Tally
from kits.lead_scoring._roles import roles_of
from kits.lead_scoring._spec import BACKTEST_FILE, LeadSpec, TrainedOn
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring._units import with_units
from kits.lead_scoring._written import written_of
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
SPEC_FILE = "lead.json"
_LICENCE = LicenceNote(part="models", source="your leads", licence="yours")
_XGBOOST = LicenceNote(part="trainer of trees", source="xgboost", licence="Apache-2.0")
_QUANTILES, _LATEST = 101, 2_000
_MOST = 0.5
"""Share of leads old enough for both outcomes, from which on reasons count these alone."""


def train(task: TrainTask) -> TrainOutcome:
    """Holds court, runs the backtest, learns what is shipped, leaves its files in `task.out_dir`.

    Raises:
        DataError: too few decided leads, or no column to learn from.
        ConfigError: the firm's phrases cannot be used.
        MachineError: a package is missing.
    """
    config = task.config
    assert isinstance(config, Config)
    with one_thread():
        words = words_of(config)  # what is wrong there is said before anything is learned
        prepared = prepare(task, config)
        learner, few = prepared.learner, prepared.few
        tried = candidates(
            config,
            few=few,
            in_time=prepared.in_time,
            drifting=learner.drifting,
            many=prepared.many,
        )
        backtest = run_backtest(learner, prepared.steps, tried, in_time=prepared.in_time)
        rows = _shipped_rows(prepared.splits, refit=config.refit)
        fitted = learner.fit(rows, backtest.shipped.candidate)
        stays = _staying(prepared)
        spec = _spec(prepared, backtest, fitted, rows, config, stays)
    _save(task.out_dir, spec, backtest, fitted, prepared.table)
    return TrainOutcome(
        figures=figures_of(backtest, n=len(rows)),
        baseline=baseline_of(prepared.table, prepared.splits, prepared.steps, learner.delays),
        licences=(_LICENCE,) if fitted.trees is None else (_LICENCE, _XGBOOST),
        notes=(
            *court_notes(prepared.court),
            *(
                f"{one.text}; {one.fix}"
                for one in left_texts(prepared.everything, prepared.court, config, task.seed)
            ),
            *([FEW] if few else []),
            *hindsight_note(prepared.steps, in_time=prepared.in_time),
            *young_note(prepared.everything, config),
            *season_note(prepared.everything, learned=fitted.season is not None),
            *open_note(_open_at(stays, config), dated=prepared.in_time and config.still_open),
            *forgotten_note(prepared.everything, config),
            *overlap_note(prepared.table, STATED in task.dataset.header.split_rule),
            *unheeded(words, prepared.table.names),
        ),
        details=(
            *details_of(
                backtest, in_time=prepared.in_time, refit=config.refit, n=_decided(prepared, rows)
            ),
            *columns_note(
                fitted.candidate,
                [column.name for column in fitted.encoder.columns],
                len(learner.kinds),
            ),
            *week_note(fitted.encoder.week),
            *([prepared.so_far.note] if prepared.so_far is not None and config.refit else []),
        ),
        warning=warning(prepared.court),
    )


def _shipped_rows(splits: Sequence[str], *, refit: bool) -> Ints:
    """All leads that teach, or those of train alone."""
    if refit:
        return np.arange(len(splits))
    return np.flatnonzero(np.array(splits) == "train")


def _decided(prepared: Prepared, rows: Ints) -> int:
    return sum(prepared.splits[row] != YOUNG for row in rows.tolist())


def _spec(
    prepared: Prepared,
    backtest: Backtest,
    fitted: Fitted,
    rows: Ints,
    config: Config,
    stays: Staying | None,
) -> LeadSpec:
    table = prepared.table.rows(rows)
    columns = [column.name for column in fitted.encoder.columns]
    delays = prepared.learner.delays
    ages = stays.spec if stays is not None and config.still_open else None
    counted = table if delays is None else _settled(table, delays.complete[rows])
    return LeadSpec(
        encoder=with_units(fitted.encoder, table.items),
        model=_model(fitted, backtest).model_copy(
            update={"interval": backtest.interval, "still_open": ages}
        ),
        quantiles=_quantiles(prepared.everything, backtest, fitted),
        base_rate=_base_rate(table, delays),
        reasons=learn_rates(
            counted,
            columns,
            config,
            unnamed=_unnamed(prepared.court),
            season=fitted.season,
            open_at=_open_at(stays, config),
            encoder=fitted.encoder,
            sheet=prepared.learner.sheet if len(counted) == len(prepared.table) else None,
        ),
        court=prepared.court.as_json(),
        source=config.source,
        written=written_of(table.items, config.source),
        roles=roles_of(table.items),
        opt_out=config.columns.opt_out,
        team=config.team,
        lost_after_days=config.source.lost_after_days or (stays.lost_after_days if stays else 0),
        protected=_protected(prepared.court, config),
        trained_on=_trained_on(table),
        usual=usual_of(fitted.encoder.columns, _latest_leads(table), fitted.encoder.week),
        tried=tried_of(backtest),
    )


def _staying(prepared: Prepared) -> Staying | None:
    """How long leads stay open; None where that is not known."""
    table = prepared.everything
    return staying(prepared.decided, table.order, table.won, table.items)


def _open_at(stays: Staying | None, config: Config) -> dict[float, Tally] | None:
    """What became of leads that were open at each age; None where ages add nothing, or the project does not want them to."""
    spec = stays.spec if stays is not None and config.still_open else None
    return stays.open_at(spec.days) if stays is not None and spec is not None else None


def _base_rate(table: LeadTable, delays: Delays | None) -> float:
    """Share of won, of those among them that are not decided yet, too."""
    if delays is None:
        return float(table.won.mean())
    return float(np.average(table.won, weights=delays.stands_for(table.order, table.won > 0)))


def _settled(table: LeadTable, complete: Flags) -> LeadTable:
    """The leads that reasons count: without ages of which the quick outcomes alone are known, if most are left."""
    return table.rows(complete) if complete.mean() >= _MOST else table


def _model(fitted: Fitted, backtest: Backtest) -> ModelSpec:
    """The shipped model, calibrated."""
    return ModelSpec(
        approach=fitted.candidate.name,
        additive=fitted.additive,
        trees=fitted.trees is not None,
        season=fitted.season,
        calibrator=backtest.shipped.calibrator,
    )


def _unnamed(court: Court) -> set[str]:
    """Protected columns and those that stand for them: never a reason."""
    charges = ("protected", "proxy")
    return {v.column for v in court.verdicts if v.charge in charges and v.finding != "cleared"}


def _protected(court: Court, config: Config) -> tuple[str, ...]:
    found = [v.column for v in court.verdicts if v.charge == "protected" and v.finding == "guilty"]
    return tuple(dict.fromkeys((*config.columns.protected, *found)))


def _trained_on(table: LeadTable) -> TrainedOn:
    moments = sorted(lead.at for lead in table.leads if lead.at is not None)
    first, last = (moments[0].isoformat(), moments[-1].isoformat()) if moments else ("", "")
    return TrainedOn(n=len(table), won=int(table.won.sum()), first=first, last=last)


def _latest_leads(table: LeadTable) -> tuple[Lead, ...]:
    """The latest quarter, of few leads a hundred at least: columns come and go."""
    return table.leads[-min(_LATEST, max(len(table) // 4, FEWEST_LEARNED)) :]


def _quantiles(table: LeadTable, backtest: Backtest, fitted: Fitted) -> tuple[float, ...]:
    """Of what the shipped model says of the latest leads outside train and of open ones: as thresholds are, a backtest's level
    is another, and of the latest leads those that are decided are the better ones.

    Where all leads are in train, of the backtest.
    """
    judged = np.array([item.split != "train" for item in table.items], dtype=bool)
    later = np.flatnonzero(judged | np.isnan(table.won))[-_LATEST:] if judged.any() else ()
    found = np.array(list({**backtest.unseen, **backtest.whole_year}.values()))
    if len(later):
        scorer = Scorer(_model(fitted, backtest), Encoder(fitted.encoder), fitted.trees)
        found = scorer.probabilities([table.leads[n] for n in later], whole_year=True)
    found = np.quantile(found, np.linspace(0, 1, _QUANTILES))
    return tuple(round(float(one), 6) for one in found)


def _save(
    folder: Path, spec: LeadSpec, backtest: Backtest, fitted: Fitted, table: LeadTable
) -> None:
    if fitted.trees is not None:
        write_atomically(folder / trees.FILE, fitted.trees.to_bytes())
    write_atomically(folder / BACKTEST_FILE, _backtest_bytes(backtest, table))
    write_atomically(folder / SPEC_FILE, spec.model_dump_json(indent=1).encode())


def _backtest_bytes(backtest: Backtest, table: LeadTable) -> bytes:
    def told(by_row: Mapping[int, float]) -> dict[str, float]:
        return {table.items[row].sample.id: round(chance, 6) for row, chance in by_row.items()}

    found: dict[str, object] = {"format": 1, "probabilities": told(backtest.unseen)}
    if backtest.whole_year:
        found["whole_year"] = told(backtest.whole_year)
    return json.dumps(found, sort_keys=True).encode()
