"""The operating point: from which confidence on a mail is filed without a person, and the promise that goes with it.

The proof is `bound.py`'s; here it is decided which mails it is made on and what the bundle is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset
from kits.core.expected import FILED_SHARE as EXPECTED
from kits.core.grouped import grouped_proportion
from kits.core.kit import EvaluateTask, NoProgress
from kits.core.operating_point import Band, ErrorBound, OperatingPoint
from kits.core.stats import Estimate, proportion
from kits.support_triage._judging.bound import Certified, certify, guarantee_text
from kits.support_triage._judging.judged import Judged, beside, intents, predicted
from kits.support_triage.config import Config

NEVER = 2.0
"""Confidence that no mail reaches: it is 1 at most."""
_ASKED = 400
"""Mails without a label that are looked at: a second or two."""
LEARNED = 3
"""A label learned from fewer mails is never decided without a person, whatever it scores."""


def choose(task: EvaluateTask, config: Config, judged: Sequence[Judged]) -> OperatingPoint:
    """One threshold for all labels, those left out aside.

    Mails of one thread or of one text share their errors: each counts in the share that is wrong, for what is promised
    is a share of mails and later ones of a thread are harder, but together they prove no more than one.
    """
    mails = [one for one in judged if one.labelled]
    groups = [one.group for one in mails]
    rare = _rarely_learned(task.dataset, config.out_of_scope)
    found = certify(
        np.array([_confidence(one, config) for one in mails], dtype=np.float64),
        np.array([not one.right for one in mails], dtype=bool),
        ["|".join(sorted(one.said)) for one in mails],
        epsilon=config.bound.epsilon,
        delta=config.bound.delta,
        floor=config.bound.floor,
        known=rare,
        groups=groups,
    )
    labelled = sum(bool(item.annotation and item.annotation.label) for item in task.dataset.items)
    sentence = guarantee_text(found, config.bound.epsilon, config.bound.delta, labelled)
    promised = found.threshold is not None
    rest, filed_of_rest = _unlabelled(task, config, found) if promised else (0, proportion(0, 0))
    sentence += _left_out(task, rest, filed_of_rest, config.out_of_scope[0])
    together = "" if len(set(groups)) == len(mails) else f" in {len(set(groups))} groups"
    filed = np.array([_is_filed(one, config, found) for one in mails], dtype=bool)
    coverage = grouped_proportion(filed.tolist(), groups) if mails else proportion(0, 0)
    rates = _rates(mails, filed, coverage)
    if promised:
        rates[EXPECTED] = _of_all(task, coverage, rest, filed_of_rest)
    return OperatingPoint(
        default=Band(act_at=NEVER if found.threshold is None else found.threshold, review_from=0.0),
        per_label={label: Band(act_at=NEVER, review_from=0.0) for label in found.left_out},
        action="file",
        bound=_bound(found, config, coverage),
        costs=task.costs,
        rates=rates,
        guarantee=sentence if promised else "",
        method="Learn-then-Test with fixed sequences and exact binomial tests (Angelopoulos et al. 2021), on "
        f"{len(mails)} labelled mails of val{together}" + ("" if promised else f"; {sentence}"),
        dataset=task.dataset.id,
        seed=task.seed,
    )


def _unlabelled(task: EvaluateTask, config: Config, found: Certified) -> tuple[int, Estimate]:
    """How many mails nobody labelled, and the share of them that would be filed, from some of them."""
    # of all parts: nothing was learned from them, and those that read alike lie in one
    rest = [
        item for item in task.dataset.items if item.annotation is None or not item.annotation.label
    ]
    some = sorted(rest, key=lambda item: item.sample.id)[:_ASKED]
    asked = replace(task, items=tuple(some), progress=NoProgress())
    known = [beside(item, one, config.out_of_scope, None) for item, one in predicted(asked)]
    filed = sum(_is_filed(one, config, found) for one in known)
    return len(rest), proportion(filed, len(known))


def _left_out(task: EvaluateTask, rest: int, filed: Estimate, name: str) -> str:
    """What the promise leaves out: mails that nobody filed, where filing them was how the others got their labels.

    Labels that persons gave to mails drawn at random speak for all mails; what is left in an inbox differs from what was
    filed: spam, bounces, matters that nobody has a folder for.
    """
    said = [item.annotation for item in task.items if item.annotation and item.annotation.label]
    of_import = 2 * sum(one.source == "import" for one in said) > len(said)
    wrongly = round(filed.value * filed.n)
    if not wrongly or not of_import:
        return ""
    of = f"{filed.n}" if filed.n >= rest else f"{filed.n} (drawn from {rest})"
    return (
        f"; of mails without a label it says nothing: {wrongly} of {of} such mails would be filed, too. Label some, with"
        f" `{name}` for those that are about none of the intents (kit label)"
    )


def _of_all(task: EvaluateTask, coverage: Estimate, rest: int, filed: Estimate) -> Estimate:
    """Share filed of all mails as they were imported, labelled or not; its ends are those of both parts together."""
    part = rest / max(1, len(task.dataset.items))
    ends = {
        end: (1 - part) * getattr(coverage, end) + part * getattr(filed, end)
        for end in ("value", "low", "high")
    }
    return coverage.model_copy(update={**ends, "n": coverage.n + filed.n, "method": "both parts"})


def _is_filed(one: Judged, config: Config, found: Certified) -> bool:
    """Whether nobody would look at it at the threshold that was found."""
    sure = _confidence(one, config) >= (NEVER if found.threshold is None else found.threshold)
    return sure and "|".join(sorted(one.said)) not in found.left_out


def _confidence(one: Judged, config: Config) -> float:
    """0 for what is out of scope or unknown: such mails are a person's."""
    foreign = bool(one.said & set(config.out_of_scope)) or not one.said
    return 0.0 if foreign else min(max(one.prediction.score, 0.0), 1.0)


def _rarely_learned(dataset: Dataset, names: tuple[str, ...]) -> dict[str, str]:
    """Labels of too few training mails. Counts only: no error is looked at, so the promise is not touched."""
    counts = Counter[str]()
    for item in dataset.of("train"):
        if item.annotation is not None and item.annotation.label:
            counts["|".join(sorted(intents(item.annotation.label, names)))] += 1
    return {
        label: f"learned from {n} mail{'' if n == 1 else 's'} only"
        for label, n in sorted(counts.items())
        if n < LEARNED and "|" not in label
    }


def _bound(found: Certified, config: Config, coverage: Estimate) -> ErrorBound:
    return ErrorBound(
        epsilon=config.bound.epsilon,
        delta=config.bound.delta,
        n=found.n,
        accepted=found.accepted,
        errors=found.errors,
        coverage=coverage,
        upper=found.upper,
        left_out=dict(found.left_out),
    )


def _rates(
    mails: Sequence[Judged], filed: NDArray[np.bool_], coverage: Estimate
) -> dict[str, Estimate]:
    """At exactly this threshold, on the mails that it was chosen on."""
    if not mails:
        return {}
    wrong = np.array([not one.right for one in mails], dtype=bool)
    groups = [one.group for one in mails]
    rates = {"auto_coverage": coverage, "accuracy": grouped_proportion((~wrong).tolist(), groups)}
    if filed.any():
        among = [group for group, is_filed in zip(groups, filed.tolist()) if is_filed]
        rates["auto_error"] = grouped_proportion(wrong[filed].tolist(), among)
    return rates
