"""A replay of mails: how many would have been filed without a person, how many wrongly, and the time and money saved.

For kits whose samples are letters. Right and wrong are the kit's own, from its `evaluate`; mails that nobody labelled
are counted all the same, and what is promised of them is the bundle's bound.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.grouped import grouped_proportion
from kits.core.kit import EvaluateTask, ItemResult, Kit
from kits.core.mail.message import read_message
from kits.core.operating_point import ErrorBound
from kits.core.prediction import Prediction, prediction_from_json
from kits.core.runtime import Payload
from kits.core.stats import Estimate, bootstrap, proportion
from kits.toolchain.replaying.mail_changes import NO_DATE, NO_INTENT, Seen, beyond, changes

MEDIA_TYPE = "message/rfc822"
DEFAULT_MINUTES = 2.0
"""Minutes that sorting one mail by hand is taken to need where nobody says it: open, read, forward."""
_ROUNDS = 500
_BATCH = 32
_NONE = Estimate(value=0.0, low=0.0, high=0.0, n=0)
_RIGHT = "accuracy"
NOTHING: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class MailOptions:
    """What a person says about the work.

    Attributes:
        minutes: that one mail takes by hand; None: `DEFAULT_MINUTES`.
        hourly: cost of an hour of that work; None: what the project says a look costs.
    """

    minutes: float | None = None
    hourly: float | None = None

    @property
    def given(self) -> bool:
        return self.minutes is not None or self.hourly is not None


@dataclass(frozen=True, slots=True)
class Work:
    """What sorting one mail by hand costs, and where that is from."""

    minutes: float
    cost: float
    said: str


@dataclass(frozen=True, slots=True)
class Row:
    """Counts of one intent or one month; `wrong` and `labelled` are of the filed ones."""

    name: str
    mails: int
    filed: int
    labelled: int
    wrong: int


@dataclass(frozen=True)
class ReplayedMails:
    """The answer.

    Attributes:
        share: filed without a person.
        wrong: of the filed ones that somebody labelled; None where nobody did.
        right: of all labelled ones, filed or not, those whose intent the bundle named; None where the kit does not say.
        minutes, money: saved beside sorting all by hand; wrong ones cost the project's `escape`.
        machines: mails that machines wrote.
        beyond: what was promised or measured and does not hold on these mails, beyond chance.
        changes: what is other than in the mails it learned from.
    """

    n: int
    filed: int
    machines: int
    share: Estimate
    wrong: Estimate | None
    minutes: Estimate
    money: Estimate
    work: Work
    bound: ErrorBound | None
    intents: tuple[Row, ...]
    months: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    right: Estimate | None = None
    beyond: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def hours(self) -> Estimate:
        """Hours saved."""
        scale = {name: getattr(self.minutes, name) / 60 for name in ("value", "low", "high")}
        return self.minutes.model_copy(update=scale)


def replays_mails(kit: Kit) -> bool:
    """Whether the kit's samples are letters."""
    return MEDIA_TYPE in kit.manifest.media_types


def replay_mails(
    kit: Kit, task: EvaluateTask, options: MailOptions, learned: Mapping[str, int] = NOTHING
) -> ReplayedMails:
    """Every mail through the bundle, in the order of the data.

    Args:
        learned: the bundle's labels with the mails of each that it learned from, 0 where that is not known; none: the
            labels are not known.

    Raises:
        DataError: not one mail can be read.
    """
    judged, right = _judged(kit, task)
    seen, unread = _through(task, judged)
    if not seen:
        raise DataError("not one mail could be read by this bundle", fix="check the data's kind")
    point = task.operating_point
    bound = point.bound if point is not None else None
    work = _work(options, task)
    groups = [one.group for one in seen]
    filed = np.array([one.filed for one in seen], dtype=bool)
    share = grouped_proportion(filed.tolist(), groups)
    wrong = _wrong(seen)
    return ReplayedMails(
        n=len(seen),
        filed=int(filed.sum()),
        machines=sum(one.machine for one in seen),
        share=share,
        wrong=wrong,
        minutes=_scaled(share, len(seen) * work.minutes),
        money=_money(seen, task, work, bound),
        work=work,
        bound=bound,
        intents=_rows(seen, by_intent=True),
        months=_rows(seen, by_intent=False),
        notes=(*_doubts(seen), *_notes(seen, unread, bound)),
        right=right,
        beyond=tuple(beyond(seen, point, wrong, right)) if point is not None else (),
        changes=tuple(changes(seen, learned, bound)),
    )


def _judged(kit: Kit, task: EvaluateTask) -> tuple[Mapping[str, ItemResult], Estimate | None]:
    """What the kit itself says of the labelled mails, by sample id, and how many it is right about."""
    labelled = tuple(item for item in task.items if item.annotation and item.annotation.label)
    if not labelled:
        return {}, None
    judged = kit.evaluate.evaluate(replace(task, items=labelled))
    return {result.sample_id: result for result in judged.results}, judged.metrics.get(_RIGHT)


def _through(task: EvaluateTask, judged: Mapping[str, ItemResult]) -> tuple[list[Seen], int]:
    """All mails; how many could not be read. Those that the kit judged are not asked for again."""
    point = task.operating_point
    assert point is not None
    others = [item for item in task.items if item.sample.id not in judged]
    predicted, unread = _predicted(task, others)
    seen: list[Seen] = []
    for item in task.items:
        result = judged.get(item.sample.id)
        if result is not None:
            prediction = prediction_from_json(dict(result.prediction))
            filed = result.verdict == "act"
            one = _seen(task, item, prediction, filed, filed and result.cost > 0)
            seen.append(replace(one, truth=result.truth))
        elif (found := predicted.get(item.sample.id)) is not None:
            seen.append(_seen(task, item, found, point.decide(found).verdict == "act", None))
    return seen, unread


def _predicted(
    task: EvaluateTask, items: Sequence[DatasetItem]
) -> tuple[dict[str, Prediction], int]:
    found: dict[str, Prediction] = {}
    if not items:
        return found, 0
    task.progress.begin("replaying mails", len(items))
    for start in range(0, len(items), _BATCH):
        batch = items[start : start + _BATCH]
        read: list[tuple[str, Payload]] = []
        for item in batch:
            # one that cannot be read is counted below
            with contextlib.suppress(DataError):
                payload = task.runtime.decode(task.dataset.content(item), item.sample.media_type)
                read.append((item.sample.id, payload))
        predictions = task.runtime.predict([payload for _, payload in read]) if read else []
        found.update(zip((identity for identity, _ in read), predictions))
        task.progress.advance(len(batch))
    task.progress.end()
    return found, len(items) - len(found)


def _seen(
    task: EvaluateTask, item: DatasetItem, prediction: Prediction, filed: bool, wrong: bool | None
) -> Seen:
    return Seen(
        group=item.sample.group or item.sample.id,
        month=_month(task.dataset.content(item)),
        intent=prediction.label or NO_INTENT,
        filed=filed,
        machine=bool(prediction.details.get("automatic")),
        wrong=wrong,
        language=str(prediction.details.get("language") or ""),
    )


def _month(content: bytes) -> str:
    date: datetime | None = read_message(content).date
    return f"{date:%Y-%m}" if date is not None else NO_DATE


def _work(options: MailOptions, task: EvaluateTask) -> Work:
    minutes = DEFAULT_MINUTES if options.minutes is None else options.minutes
    how = "stated" if options.minutes is not None else "taken, --minutes changes it"
    currency = task.costs.currency
    if options.hourly is not None:
        cost = options.hourly * minutes / 60
        return Work(
            minutes,
            cost,
            f"{minutes:g} minutes a mail ({how}) at {options.hourly:g} {currency} an hour",
        )
    cost = task.costs.review
    said = f"{minutes:g} minutes a mail ({how}), {cost:g} {currency} a look (costs.review; --hourly changes it)"
    return Work(minutes, cost, said)


# -- figures ----------------------------------------------------------------------------------------


def _wrong(seen: Sequence[Seen]) -> Estimate | None:
    judged = [one for one in seen if one.filed and one.wrong is not None]
    if not judged:
        return None
    return grouped_proportion([bool(one.wrong) for one in judged], [one.group for one in judged])


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    scale = {name: getattr(estimate, name) * factor for name in ("value", "low", "high")}
    return estimate.model_copy(update=scale)


def _money(
    seen: Sequence[Seen], task: EvaluateTask, work: Work, bound: ErrorBound | None
) -> Estimate:
    """Saved looks less wrong filings. Mails that nobody labelled are wrong as often as the bundle's own evidence says."""
    made = bound is not None and bound.accepted > 0
    likely = proportion(bound.errors, bound.accepted) if bound is not None and made else _NONE
    worst = bound.upper if bound is not None and made else 0.0
    looks = np.array([work.cost if one.filed else 0.0 for one in seen])
    unlabelled = np.array([one.filed and one.wrong is None for one in seen], dtype=np.float64)
    known = np.array([task.costs.escape if one.wrong else 0.0 for one in seen])
    saved = looks - known - unlabelled * likely.value * task.costs.escape
    groups = [one.group for one in seen]
    found = bootstrap(
        lambda rows: float(saved[rows].mean() * len(seen)), groups, seed=task.seed, rounds=_ROUNDS
    )
    at_stake = float(unlabelled.sum()) * task.costs.escape
    low, high = _by_rare_mistakes(seen, found.value, task)
    return found.model_copy(
        update={
            "low": min(found.low, low) - at_stake * max(worst - likely.value, 0.0),
            "high": max(found.high, high) + at_stake * (likely.value - likely.low),
        }
    )


def _by_rare_mistakes(
    seen: Sequence[Seen], value: float, task: EvaluateTask
) -> tuple[float, float]:
    """From and to what the money goes by the exact interval of wrong filings: drawing anew sees no mistake in none."""
    wrong = _wrong(seen)
    if wrong is None:
        return value, value
    cost = wrong.n * task.costs.escape
    return value - cost * (wrong.high - wrong.value), value + cost * (wrong.value - wrong.low)


def _rows(seen: Sequence[Seen], *, by_intent: bool) -> tuple[Row, ...]:
    table: dict[str, list[Seen]] = {}
    for one in seen:
        table.setdefault(one.intent if by_intent else one.month, []).append(one)
    rows = [
        Row(
            name,
            len(mine),
            sum(one.filed for one in mine),
            sum(one.filed and one.wrong is not None for one in mine),
            sum(one.filed and bool(one.wrong) for one in mine),
        )
        for name, mine in table.items()
    ]
    if by_intent:
        return tuple(sorted(rows, key=lambda row: (-row.mails, row.name)))
    return tuple(sorted(rows, key=lambda row: row.name))


def _doubts(seen: Sequence[Seen]) -> Iterator[str]:
    """What these figures do not know."""
    unknown = sum(one.filed and one.wrong is None for one in seen)
    known = [one.wrong for one in seen if one.filed and one.wrong is not None]
    if unknown and known:
        most = (sum(map(bool, known)) + unknown) / (len(known) + unknown)
        yield (
            f"{unknown} of the filed mails have no label, so nobody says whether they lie right: were all of them wrong, "
            f"{100 * most:.1f} % would be; label some (kit label)"
        )


def _notes(seen: Sequence[Seen], unread: int, bound: ErrorBound | None) -> list[str]:
    notes = []
    labelled = sum(one.wrong is not None for one in seen)
    if not labelled:
        notes.append(
            "no mail has a label: how many would be filed wrongly is the bundle's promise, not counted here"
        )
    elif labelled < len(seen):
        notes.append(
            f"{labelled} of {len(seen)} mails have a label: what is wrong is counted on these"
        )
    if bound is None or not bound.accepted:
        notes.append("this bundle promises nothing yet, so every mail goes to a person")
    if bound is not None and bound.left_out:
        named = ", ".join(sorted(bound.left_out)[:8])
        notes.append(f"always left to a person: {named}")
    if unread:
        notes.append(f"{unread} mails could not be read: they go to a person")
    return notes
