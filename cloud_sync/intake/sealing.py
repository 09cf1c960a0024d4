"""What arrived of an outbox, beyond the events themselves: sealed blocks of numbers.

Events may be pruned, and there are far too many to count them at every look. So the numbers of rows
that have been here for a while are sealed into blocks of bits, which are kept for ever and cost next
to nothing. Rows that come after their number was sealed are found new or known by their bit. Who
seals holds off the ingest of that outbox meanwhile; `ledger.py` asks what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.intake.numbers import (
    BLOCK,
    FULL,
    Bits,
    Missing,
    Stretch,
    block_of,
    pack,
    unpack,
)
from cloud_sync.store.models import Epoch, Event, SealedBlock

SEAL_ROWS = 20_000
"""Rows of one transaction: a tenth of a second in which the ingest may have to wait."""


def seal(
    session: Session, device: str, epoch: str, until: datetime, limit: int = SEAL_ROWS
) -> bool:
    """Seals the next rows of an outbox that came before `until`; whether there may be more.

    To be called first in its transaction: it waits for the ingest of this outbox.
    """
    row = session.get(Epoch, (device, epoch), with_for_update=True, populate_existing=True)
    if row is None:
        return False
    query = (
        select(Event.seq, Event.received_at < until)
        .where(Event.device == device, Event.epoch == epoch, Event.seq > row.sealed_seq)
        .order_by(Event.seq)
        .limit(limit)
    )
    seqs = []
    for seq, old in session.execute(query):
        if not old:
            break
        seqs.append(seq)
    if not seqs:
        return False
    _add(session, device, epoch, np.array(seqs, np.int64))
    row.sealed_seq = seqs[-1]
    return len(seqs) == limit


def _add(session: Session, device: str, epoch: str, seqs: NDArray[np.int64]) -> None:
    firsts = (seqs - 1) // BLOCK * BLOCK + 1
    breaks = np.flatnonzero(np.diff(firsts)) + 1
    for numbers in np.split(seqs, breaks):
        first = block_of(int(numbers[0]))
        block = session.get(SealedBlock, (device, epoch, first))
        present = unpack(block.bits) if block else np.zeros(BLOCK, np.bool_)
        present[numbers - first] = True
        if not (present.all() and _join(session, device, epoch, first, block)):
            _store(session, device, epoch, first, present, block)


def _join(session: Session, device: str, epoch: str, first: int, block: SealedBlock | None) -> bool:
    """Lengthens the full block before by this one, which is full; whether there is such a one."""
    session.flush()
    before = _at_or_before(session, device, epoch, first - 1)
    if before is None or before.bits != FULL or before.last_seq != first - 1:
        return False
    before.last_seq += BLOCK
    before.rows += BLOCK
    if block is not None:
        session.delete(block)
    return True


def _store(
    session: Session,
    device: str,
    epoch: str,
    first: int,
    present: Bits,
    block: SealedBlock | None,
) -> None:
    if block is None:
        block = SealedBlock(device=device, epoch=epoch, first_seq=first, last_seq=first + BLOCK - 1)
        session.add(block)
    block.bits, block.rows = pack(present), int(present.sum())


def _at_or_before(session: Session, device: str, epoch: str, number: int) -> SealedBlock | None:
    query = select(SealedBlock).where(
        SealedBlock.device == device, SealedBlock.epoch == epoch, SealedBlock.first_seq <= number
    )
    return session.scalar(query.order_by(SealedBlock.first_seq.desc()).limit(1))


def take_late(session: Session, device: str, epoch: str, numbers: Collection[int]) -> set[int]:
    """Those of sealed numbers that were missing until now; from now on they are here.

    The caller holds the outbox's row.
    """
    fresh: set[int] = set()
    for first in sorted({block_of(number) for number in numbers}):
        block = _at_or_before(session, device, epoch, first)
        if block is not None and block.last_seq < first:
            block = None
        if block is not None and block.bits == FULL:
            continue
        present = unpack(block.bits) if block else np.zeros(BLOCK, np.bool_)
        new = [n for n in numbers if block_of(n) == first and not present[n - first]]
        if new:
            present[np.array(new, np.int64) - first] = True
            _store(session, device, epoch, first, present, block)
            fresh.update(new)
    session.flush()
    return fresh


def missing_of(session: Session, epoch: Epoch) -> Missing:
    """The numbers of an outbox that are not here; no query when nothing is missing.

    Epoch, blocks and events must come from one snapshot of the database.
    """
    if epoch.rows == epoch.highest_seq:
        return Missing()
    return Missing([*_sealed(session, epoch), *_unsealed(session, epoch)])


def _sealed(session: Session, epoch: Epoch) -> Iterator[Stretch]:
    query = (
        select(SealedBlock.first_seq, SealedBlock.last_seq, SealedBlock.rows, SealedBlock.bits)
        .where(SealedBlock.device == epoch.device, SealedBlock.epoch == epoch.epoch)
        .order_by(SealedBlock.first_seq)
    )
    at = 1
    for first, last, rows, bits in session.execute(query):
        if first > at:
            yield Stretch(at, first - 1, first - at)
        end = min(last, epoch.sealed_seq)
        if bits != FULL:
            yield Stretch(first, end, end - first + 1 - rows, bits)
        at = end + 1


def _unsealed(session: Session, epoch: Epoch) -> Iterator[Stretch]:
    before = func.lag(Event.seq, 1, epoch.sealed_seq).over(order_by=Event.seq)
    seen = (
        select(Event.seq.label("seq"), before.label("before"))
        .where(
            Event.device == epoch.device,
            Event.epoch == epoch.epoch,
            Event.seq > epoch.sealed_seq,
        )
        .subquery()
    )
    holes = select(seen.c.before + 1, seen.c.seq - 1).where(seen.c.seq > seen.c.before + 1)
    for first, last in session.execute(holes.order_by(seen.c.seq)):
        yield Stretch(first, last, last - first + 1)
