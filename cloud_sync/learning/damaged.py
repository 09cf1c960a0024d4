"""Reviewed samples whose bytes nothing can be learned from: a device hands over what it could not read, too.

A version with one of them could never be trained on. What can be read is said by the kit; what a model gave a
score was read by the same code on the device, and is not looked at again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cloud_sync.errors import NotFoundError
from cloud_sync.learning.pictures import opencv
from cloud_sync.learning.reviewed import Reviewed
from cloud_sync.store.storage import Storage
from kits.core.discovery import get_kit
from kits.core.errors import DataError, KitwrightError
from kits.core.kit_modules import TellsDamage

DAMAGED = "bytes that cannot be read"
"""For what a sample is left out."""


def damaged(
    kit: str, reviewed: Sequence[Reviewed], known: Collection[str], storage: Storage
) -> frozenset[str]:
    """Ids of those that cannot be read; none where the kit is not here, or says nothing of it.

    Args:
        known: ids of samples that a version has already, which are not looked at.

    Raises:
        UnreachableError: the storage cannot be used.
    """
    doubtful = [one for one in reviewed if not one.judged and one.sample.id not in known]
    tells = _telling(kit) if doubtful else None
    if tells is None:
        return frozenset()
    return frozenset(one.sample.id for one in doubtful if _is_damaged(one, tells, storage))


def _telling(kit: str) -> TellsDamage | None:
    try:
        opencv()  # before the kit imports it: with the hub's limit
        data = get_kit(kit).data
    except (KitwrightError, ImportError):
        return None
    return data if isinstance(data, TellsDamage) else None


def _is_damaged(one: Reviewed, tells: TellsDamage, storage: Storage) -> bool:
    if not one.sample.digest:
        return False
    try:
        content = storage.get(one.sample.digest)
    except (NotFoundError, DataError):
        return False  # gone: that is told where versions are read
    return bool(tells.damage(content))
