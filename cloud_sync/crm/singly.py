"""Writing lead by lead, for CRMs that take no batches. What one write is, is for each CRM's own file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cloud_sync.crm.base import ScoreWrite, WriteOutcome
from cloud_sync.crm.http import CrmRefusedError
from cloud_sync.crm.parting import TRIES
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError

GONE = frozenset({404, 410})


def write_singly(
    writes: Sequence[ScoreWrite], write: Callable[[ScoreWrite], None]
) -> list[WriteOutcome]:
    """An outcome for each; what was done before a trouble stays done.

    Raises:
        DeliveryError: the CRM took none, and it is not one lead that is to blame.
    """
    outcomes: list[WriteOutcome] = []
    for place, one in enumerate(writes):
        outcome, error = _one(one, write)
        outcomes.append(outcome)
        taken = any(found.ok or found.gone for found in outcomes)
        if error is None:
            continue
        if not error.retry and (taken or len(outcomes) < min(TRIES, len(writes))):
            continue  # this lead's fault, as far as anybody knows
        if not taken:
            raise error
        outcomes += [
            WriteOutcome(rest.object_id, False, error.what) for rest in writes[place + 1 :]
        ]
        break
    return outcomes


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
