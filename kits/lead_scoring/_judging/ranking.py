"""Last year's leads in the order of time with the score each would have had, for `kit replay`. No money is counted here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.replay import Ranking
from kits.core.sample import ORDER
from kits.lead_scoring._court.telling import asked, columns_of
from kits.lead_scoring._judging.capacity import terms_of
from kits.lead_scoring._judging.judged import Judged, judge
from kits.lead_scoring._judging.of_runtime import court_of, team_of

_EARLY = 1.1
"""Leads that one stands for, from which on it counts as decided early."""


def ranking(task: EvaluateTask) -> Ranking:
    """All decided leads of a task.

    Raises:
        DataError: none has an outcome.
    """
    judged = judge(task)
    if not len(judged):
        raise DataError(
            "no lead of this data has an outcome, so nothing can be said of last year",
            fix="export the leads with what became of them",
        )
    others, clocked = len(task.items) - len(judged) - judged.too_young, judged.clocked
    early = _early(judged)
    terms = terms_of(team_of(task.runtime), task.dataset.items, clocked)
    undated = int((~judged.dated).sum()) if clocked else 0
    if undated:
        judged = judged.rows(judged.dated)
    return Ranking(
        sample_ids=tuple(item.sample.id for item in judged.items),
        at_s=judged.order if judged.order.any() else np.arange(len(judged), dtype=np.float64),
        timed=clocked,
        score=judged.score,
        hit=judged.won,
        group=tuple(judged.groups),
        unseen=judged.backtested,
        per_month=terms.per_month,
        incoming=terms.incoming,
        value=terms.value,
        contact=terms.contact,
        exploration=terms.exploration,
        notes=(
            *_notes(others, undated, int(judged.backtested.sum()), _ordered(judged)),
            *early,
            *_as_exported(task),
        ),
        one_month=terms.one_month,
        capacity=terms.said,
    )


def _ordered(judged: Judged) -> bool:
    """Whether anything tells which lead came before which."""
    return judged.clocked or any(ORDER in item.sample.meta for item in judged.items)


def _early(judged: Judged) -> Iterator[str]:
    """Since when not all outcomes are known, and what that makes of those that are."""
    if judged.too_young:
        yield (
            f"{judged.too_young} leads are so young that hardly any of the slower outcome are decided, and were left out"
        )
    early = judged.each > _EARLY
    if early.any():
        since = datetime.fromtimestamp(float(judged.order[early].min()), timezone.utc).date()
        part = judged.rows(judged.order >= judged.order[early].min())
        yield (
            f"since {since} not all outcomes are known: of the {len(part)} leads decided {part.won.mean():.1%} were won, of all that came "
            f"{part.share_won:.1%} are to be expected; sums of these months are of those decided"
        )


def _as_exported(task: EvaluateTask) -> tuple[str, ...]:
    """That columns which may be written late are read as they are by now, where the bundle learned from such."""
    court = court_of(task.runtime)
    doubted = asked(court) if court is not None else []
    if not doubted:
        return ()
    was = "was" if len(doubted) == 1 else "were"
    return (
        f"cells are those of this export: where {columns_of(doubted)} {was} written after a lead came, its score is one it could not "
        "have had then, and these sums never come true; say it in kit.yaml (model.columns.keep or exclude) and train again",
    )


def _notes(others: int, undated: int, backtested: int, ordered: bool) -> tuple[str, ...]:
    notes = []
    if others:
        notes.append(f"{others} leads are still open, opted out or unreadable, and were left out")
    if undated:
        notes.append(f"{undated} leads have no date, so they are of no month, and were left out")
    if backtested:
        notes.append(
            f"{backtested} leads were learned from since: a model that had not seen them scores them"
        )
    if not ordered:
        notes.append("nothing tells which came first: the order of the file stands for it")
    return tuple(notes)
