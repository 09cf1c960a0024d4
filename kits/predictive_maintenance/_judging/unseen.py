"""That machines ran in ways nothing was learned of: what goes wrong then is asked about and never an alarm."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.regimes import UNKNOWN
from kits.predictive_maintenance._device.trace import Trace

_WORTH_TELLING = 0.05
"""Share of a machine's rows."""


def unseen_of(trace: Trace) -> NDArray[np.bool_]:
    """(rows,) whether the machine ran in a way that its models do not have."""
    if trace.regimes is None:
        return np.zeros(len(trace), np.bool_)
    unseen: NDArray[np.bool_] = trace.regimes == UNKNOWN
    return unseen


def told_of_unseen(courses: Iterable[tuple[str, NDArray[np.bool_]]]) -> list[str]:
    """The machines whose faults a way of running hides, and what to do about it.

    Args:
        courses: a machine, and `unseen_of` some time of it.
    """
    rows: dict[str, list[int]] = {}
    for asset, unseen in courses:
        counted = rows.setdefault(asset, [0, 0])
        counted[0] += int(unseen.sum())
        counted[1] += len(unseen)
    shares = {asset: unseen / max(count, 1) for asset, (unseen, count) in rows.items()}
    most = sorted((a for a in shares if shares[a] >= _WORTH_TELLING), key=lambda a: -shares[a])
    if not most:
        return []
    named = ", ".join(f"{asset or 'the machine'} {shares[asset]:.0%}" for asset in most[:3])
    others = f" and {len(most) - 3} more" if len(most) > 3 else ""
    return [
        f"some of the time machines ran in a way (recipe, speed, load) that was not learned of them ({named}{others}): a fault "
        "is asked about then, and is never an alarm. Learn from more of their record (learn.share in machines.yaml, and import "
        "again), or train again once they have run so"
    ]
