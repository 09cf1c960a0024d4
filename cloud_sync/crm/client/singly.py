"""Writing lead by lead, for CRMs that take no batches. What one write is, is for each CRM's own file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cloud_sync.crm.client.http import GONE, CrmRefusedError
from cloud_sync.crm.client.parting import TRIES, once_more
from cloud_sync.crm.kinds.base import ScoreWrite, WriteOutcome
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError


def write_singly(
    writes: Sequence[ScoreWrite], write: Callable[[ScoreWrite], None]
) -> list[WriteOutcome]:
    """An outcome for each; what was done before a trouble stays done.

    Raises:
        DeliveryError: the CRM took none, and it is not one lead that is to blame.
    """
    outcomes: list[WriteOutcome] = []
    last: DeliveryError | None = None
    for one in writes:
        outcome, error = _one(one, write)
        outcomes.append(outcome)
        if error is None:
            continue
        last = error
        if error.retry or _seems_to_take_none(outcomes):
            break
    if last is None:
        return outcomes
    if not any(found.ok or found.gone for found in outcomes):
        raise last
    return _judged(writes, outcomes, last, write)


def _seems_to_take_none(outcomes: Sequence[WriteOutcome]) -> bool:
    refused = sum(not (found.ok or found.gone) for found in outcomes)
    return refused >= TRIES and not any(found.ok for found in outcomes)


def _judged(
    writes: Sequence[ScoreWrite],
    outcomes: list[WriteOutcome],
    last: DeliveryError,
    write: Callable[[ScoreWrite], None],
) -> list[WriteOutcome]:
    """Which of the refused are to blame themselves. `last`: why one was refused; none was tried after a trouble."""
    rest = [WriteOutcome(one.object_id, False, last.what) for one in writes[len(outcomes) :]]
    taken = [found.ok for found in outcomes]
    if True not in taken:  # others were gone only, which says nothing of what is wrong with these
        return [found if found.gone else replace(found, retry=True) for found in outcomes] + rest
    before = zip(writes, outcomes[: taken.index(True)])
    early = [one for one, found in before if not (found.gone or found.retry)]

    def again(one: ScoreWrite) -> WriteOutcome:
        if last.retry:  # it does not do as asked right now
            return WriteOutcome(one.object_id, False, last.what)
        return _one(one, write)[0]

    return once_more(outcomes, early, again) + rest


def _one(
    one: ScoreWrite, write: Callable[[ScoreWrite], None]
) -> tuple[WriteOutcome, DeliveryError | None]:
    try:
        write(one)
    except RefusedError as error:
        # a page that a proxy shows for whatever it does not know is no word of the CRM
        theirs = not isinstance(error, CrmRefusedError) or error.value is not None
        if error.status in GONE and theirs:
            return WriteOutcome(one.object_id, False, error.what, retry=False, gone=True), None
        return WriteOutcome(one.object_id, False, error.what, retry=error.retry), error
    except DeliveryError as error:
        return WriteOutcome(one.object_id, False, error.what, retry=error.retry), error
    return WriteOutcome(one.object_id, True), None
