"""Figures of judged mails, each with its interval; what the data does not allow is left out.

Rates of single mails have the exact interval at what their groups are worth; for other figures whole groups are resampled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.grouped import grouped_proportion
from kits.core.stats import Estimate, auroc, auroc_estimate, bootstrap, opened
from kits.support_triage._judging.judged import Judged

Rows = NDArray[np.intp]
Statistic = Callable[[Rows], float]
Hit = Callable[[Judged], "bool | None"]
"""Whether a mail counts as a success; None where it does not count at all."""

ROUNDS = 500
_LEAST_SLICE = 5
_MOST_SLICES = 300


def _level_hit(name: str) -> Hit:
    def hit(one: Judged) -> bool | None:
        truth, said = one.level(name)
        return None if truth is None else said is not None and round(said) == round(truth)

    return hit


SHARES: Mapping[str, Hit] = {
    "accuracy": lambda one: one.right if one.labelled else None,
    "in_scope_accuracy": lambda one: one.right if one.labelled and one.in_scope else None,
    "oos_recall": lambda one: one.right if one.labelled and not one.in_scope else None,
    "auto_coverage": lambda one: one.verdict == "act" if one.verdict else None,
    "auto_error": lambda one: not one.right if one.verdict == "act" and one.labelled else None,
    "urgency_accuracy": _level_hit("urgency"),
    "sentiment_accuracy": _level_hit("sentiment"),
}


def figures(judged: Sequence[Judged], seed: int) -> dict[str, Estimate]:
    """All figures that these mails allow."""
    groups = [one.group for one in judged]
    found = {name: share(judged, hit) for name, hit in SHARES.items()}
    if not any(one.labelled and not one.in_scope for one in judged):
        # every labelled mail is in scope: the figure would be accuracy under another name
        found["in_scope_accuracy"] = None
    found["entity_exact"] = share(judged, entity_hit(judged))
    for name in ("macro_f1", "micro_f1", "entity_f1"):
        statistic = statistic_of(name, judged)
        if statistic is not None:
            drawn = bootstrap(statistic, groups, seed=seed, rounds=ROUNDS)
            # of mails that are all right, no resample has a wrong one
            found[name] = opened(drawn, len(set(groups)))
    found["oos_auroc"] = _oos_auroc(judged, seed)
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def share(judged: Sequence[Judged], hit: Hit) -> Estimate | None:
    """A rate over the mails that count."""
    counted = [(one.group, value) for one in judged if (value := hit(one)) is not None]
    if not counted:
        return None
    return grouped_proportion([value for _, value in counted], [group for group, _ in counted])


def statistic_of(name: str, judged: Sequence[Judged]) -> Statistic | None:
    """Indices into `judged` → the figure on them; None when these mails do not allow it."""
    if name == "entity_exact":
        return _mean_of(judged, entity_hit(judged))
    if name in SHARES:
        return _mean_of(judged, SHARES[name])
    if name == "oos_auroc":
        return _auroc_of(judged)
    if name == "macro_f1":
        return _macro_f1(judged)
    if name == "micro_f1":
        return _micro_f1(judged)
    return _entity_f1(judged) if name == "entity_f1" else None


def _mean_of(judged: Sequence[Judged], hit: Hit) -> Statistic | None:
    values = np.array([math.nan if (v := hit(one)) is None else float(v) for one in judged])
    if not np.isfinite(values).any():
        return None

    def mean(rows: Rows) -> float:
        drawn = values[rows]
        known = drawn[np.isfinite(drawn)]
        return float(known.mean()) if known.size else math.nan

    return mean


# -- intents ----------------------------------------------------------------------------------------


def _macro_f1(judged: Sequence[Judged]) -> Statistic | None:
    """Mean F1 over the labels that occur in the truth; a mail with several intents counts for each."""
    labels = sorted({label for one in judged for label in one.truth})
    if not labels:
        return None
    place = {label: n for n, label in enumerate(labels)}
    truth = np.zeros((len(judged), len(labels)), dtype=np.int32)
    said = np.zeros_like(truth)
    for row, one in enumerate(judged):
        if one.labelled:
            truth[row, [place[label] for label in one.truth]] = 1
            said[row, [place[label] for label in one.said if label in place]] = 1

    both, either = truth & said, truth + said

    def macro(rows: Rows) -> float:
        weight = np.bincount(rows, minlength=len(judged))
        twice, total = 2 * (weight @ both), weight @ either
        present = (weight @ truth) > 0
        scores = twice[present] / np.maximum(total[present], 1)
        return float(scores.mean()) if scores.size else math.nan

    return macro


def _micro_f1(judged: Sequence[Judged]) -> Statistic | None:
    """F1 over all intents of all mails, where mails have several."""
    if not any(len(one.truth) > 1 for one in judged):
        return None
    counted = np.array([
        (len(one.truth & one.said), len(one.truth) + len(one.said)) if one.labelled else (0, 0)
        for one in judged
    ])  # fmt: skip
    return _f1_of(counted)


def _f1_of(counted: NDArray[np.int_]) -> Statistic:
    def f1(rows: Rows) -> float:
        both, total = counted[rows].sum(axis=0)
        return float(2 * both / total) if total else math.nan

    return f1


# -- out of scope -------------------------------------------------------------------------------------


def foreign_score(one: Judged) -> float:
    """How much speaks for: none of the intents. The runtime's own figure, else what the intents leave."""
    stated = one.prediction.details.get("out_of_scope")
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return float(stated)
    known = [p for label, p in one.prediction.probabilities.items() if label != one.scope]
    return 1.0 - max(known, default=0.0)


def _foreign(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    mails = [one for one in judged if one.labelled]
    scores = np.array([foreign_score(one) for one in mails], dtype=np.float64)
    return scores, np.array([not one.in_scope for one in mails], bool), [m.group for m in mails]


def _oos_auroc(judged: Sequence[Judged], seed: int) -> Estimate | None:
    scores, foreign, groups = _foreign(judged)
    if foreign.all() or not foreign.any():
        return None
    return auroc_estimate(scores, foreign, groups, seed=seed, rounds=ROUNDS)


def _auroc_of(judged: Sequence[Judged]) -> Statistic | None:
    scores = np.array([foreign_score(one) for one in judged], dtype=np.float64)
    foreign = np.array([not one.in_scope for one in judged], dtype=bool)
    known = np.array([one.labelled for one in judged], dtype=bool)

    def ranked(rows: Rows) -> float:
        kept = rows[known[rows]]
        return auroc(scores[kept], foreign[kept])

    return ranked if (foreign & known).any() else None


# -- entities -----------------------------------------------------------------------------------------

Triple = tuple[int, int, str]


def _kinds(judged: Sequence[Judged]) -> frozenset[str]:
    """Entities that somebody marked: others that are found cannot be called wrong."""
    return frozenset(span.label for one in judged for span in one.spans)


def _triples(one: Judged, kinds: frozenset[str]) -> tuple[set[Triple], set[Triple]]:
    truth = {(s.start, s.end, s.label) for s in one.spans}
    said = {(s.start, s.end, s.label) for s in one.prediction.spans if s.label in kinds}
    return truth, said


def entity_hit(judged: Sequence[Judged]) -> Hit:
    """All marked entities of a mail found, exactly, and none beside; only of mails in which somebody marked one.

    A mail without a mark may hold none, or nobody looked: either way it says nothing, and would flatter the figure.
    """
    kinds = _kinds(judged)

    def hit(one: Judged) -> bool | None:
        if not one.spans:
            return None
        truth, said = _triples(one, kinds)
        return truth == said

    return hit


def _entity_f1(judged: Sequence[Judged]) -> Statistic | None:
    kinds = _kinds(judged)
    if not kinds:
        return None
    pairs = [_triples(one, kinds) if one.spans else (set(), set()) for one in judged]
    return _f1_of(np.array([(len(t & s), len(t) + len(s)) for t, s in pairs]))


# -- slices -------------------------------------------------------------------------------------------


def slices(judged: Sequence[Judged]) -> dict[str, dict[str, Estimate]]:
    """Figures by label, language and source; slices of a handful of mails are left out."""
    labels = Counter(label for one in judged for label in one.truth)
    found: dict[str, dict[str, Estimate]] = {}
    for label, n in labels.most_common(_MOST_SLICES):
        if n >= _LEAST_SLICE:
            found[f"label {label}"] = _of_label(judged, label)
    for name, read in (("language", lambda one: one.language), ("source", _source)):
        values = Counter(value for one in judged if (value := read(one)))
        if len(values) < 2:
            continue
        for value, n in values.most_common(20):
            if n >= _LEAST_SLICE:
                mine = [one for one in judged if read(one) == value]
                found[f"{name} {value}"] = _rates(mine)
    return found


def _source(one: Judged) -> str:
    value = one.item.sample.meta.get("source")
    return value if isinstance(value, str) else ""


def _rates(judged: Sequence[Judged]) -> dict[str, Estimate]:
    rates = {name: share(judged, hit) for name, hit in SHARES.items() if name != "oos_recall"}
    rates["entity_exact"] = share(judged, entity_hit(judged))
    return {name: rate for name, rate in rates.items() if rate is not None}


def _of_label(judged: Sequence[Judged], label: str) -> dict[str, Estimate]:
    """Recall of a label, precision where it was said, and what is decided of it without a person."""
    table: dict[str, Hit] = {
        "recall": lambda one: label in one.said if label in one.truth else None,
        "precision": lambda one: label in one.truth if label in one.said and one.labelled else None,
        "auto_coverage": lambda one: one.verdict == "act" if label in one.truth and one.verdict else None,
        "auto_error": lambda one: not one.right if label in one.said and one.verdict == "act" and one.labelled else None,
    }  # fmt: skip
    rates = {name: share(judged, hit) for name, hit in table.items()}
    return {name: rate for name, rate in rates.items() if rate is not None}
