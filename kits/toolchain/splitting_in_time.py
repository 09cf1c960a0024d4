"""Who goes where in time: the oldest samples into train, then val, the latest into test, as a model will meet them.

A function of values, like `splitting.py`, for kits whose samples have a place in time. A sample's split follows from
the time alone, so a version with later samples moves older ones from test to train: what was judged on is learned
from once there is something later to judge on.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding
from kits.toolchain.splitting import STRICTNESS, Candidate, Placed, Shares

_ALMOST_ALL = 0.95
_FEW = 20
"""So many samples with a label a split should have."""


def has_order(candidates: Sequence[Candidate]) -> bool:
    """Whether nearly all samples have a place in time, and not all the same one."""
    places = [one.order for one in candidates if one.order is not None]
    return len(places) >= _ALMOST_ALL * len(candidates) and len(set(places)) > 2


def place_in_order(candidates: Sequence[Candidate], shares: Shares) -> Placed:
    """Splits by time. A group goes where its latest sample goes; what the data says itself is respected.

    Shares count samples with a label: those whose outcome is open fall where their time is.
    """
    latest: dict[str, float] = {}
    for one in candidates:
        latest[one.group] = max(latest.get(one.group, float("-inf")), _order(one))
    known = sorted(latest[one.group] for one in candidates if one.labels) or sorted(latest.values())
    last_of_train = known[max(round(shares["train"] * len(known)) - 1, 0)]
    last_of_val = known[max(round((1 - shares["test"]) * len(known)) - 1, 0)]
    stated = _stated(candidates)
    splits: dict[str, Split] = {}
    for one in candidates:
        at = latest[one.group]
        by_time: Split = "train" if at <= last_of_train else "val" if at <= last_of_val else "test"
        splits[one.id] = stated.get(one.group, by_time)
    groups = {one.id: one.group for one in candidates}
    return Placed(splits, groups, _thin(candidates, splits))


def _order(one: Candidate) -> float:
    """A sample without a place is taken for an old one: nothing later is then judged by what it taught."""
    return float("-inf") if one.order is None else one.order


def _stated(candidates: Sequence[Candidate]) -> dict[str, Split]:
    """Group → split that the data names; the strictest one where it names several."""
    found: dict[str, Split] = {}
    for one in candidates:
        if one.given is not None:
            known = found.get(one.group, one.given)
            found[one.group] = max(known, one.given, key=lambda split: STRICTNESS[split])
    return found


def _thin(candidates: Sequence[Candidate], splits: dict[str, Split]) -> tuple[Finding, ...]:
    count = dict.fromkeys(SPLITS, 0)
    for one in candidates:
        count[splits[one.id]] += bool(one.labels)
    thin = [f"{split}: {count[split]}" for split in SPLITS if count[split] < _FEW]
    if not thin:
        return ()
    return (
        Finding(
            "thin-split", "warn", f"splitting by time leaves few samples with a label ({', '.join(thin)})",
            fix="import more, change data.split, or set data.order: random",
        ),
    )  # fmt: skip
