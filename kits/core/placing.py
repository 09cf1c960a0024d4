"""Who goes where in time: the oldest samples into train, then val, the latest into test, as a model will meet them.

A function of values for kits whose samples have a place in time; project and hub place by it alike. A sample's split
follows from the time alone, so a version with later samples moves older ones from test to train: what was judged on
is learned from once there is something later to judge on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kits.core.dataset import Split

BY_TIME = "by time, the oldest first"
"""How the header of a version begins to say its rule, where its samples were placed in time."""
BY_GROUP = "by group, stratified by label"
BY_DAY, BY_WEEK = (
    f"by group and whole {spell}, stratified by label" for spell in ("days", "weeks")
)
"""As `BY_TIME`, where samples were placed by lot, and where those of one day or week were kept in one split."""
STATED = "as the data says"
"""As `BY_TIME`, where the data named splits itself."""
STRICTNESS: Mapping[Split, int] = {"train": 0, "val": 1, "test": 2}
"""What is in doubt goes to the side that is not learnt from."""
_ALMOST_ALL = 0.95


@dataclass(frozen=True, slots=True)
class InTime:
    """One sample to place.

    Attributes:
        group: never empty (a lone sample is its own group).
        order: its place in time; None: not known.
        labelled: its outcome is known.
        given: the split the data itself names.
    """

    group: str
    order: float | None
    labelled: bool
    given: Split | None = None


def has_order(orders: Sequence[float | None]) -> bool:
    """Whether nearly all samples have a place in time, and not all the same one."""
    places = [one for one in orders if one is not None]
    return len(places) >= _ALMOST_ALL * len(orders) and len(set(places)) > 2


def splits_in_time(samples: Sequence[InTime], shares: Mapping[Split, float]) -> list[Split]:
    """The split of each sample. A group goes where its latest one goes; what the data says itself is respected.

    Shares count samples with a label: those whose outcome is open fall where their time is. Where the data names train and one
    other split of all samples, the missing one is made: val of the latest of train, test of the later half of val.
    """
    if not samples:
        return []
    latest: dict[str, float] = {}
    for one in samples:
        latest[one.group] = max(latest.get(one.group, float("-inf")), _order(one))
    known = sorted(latest[one.group] for one in samples if one.labelled) or sorted(latest.values())
    last_of_train = known[max(round(shares["train"] * len(known)) - 1, 0)]
    last_of_val = known[max(round((1 - shares["test"]) * len(known)) - 1, 0)]
    stated = _stated(samples)
    for missing in unsaid(samples):
        stated |= _made(missing, samples, stated, latest, round(shares[missing] * len(known)))
    splits: list[Split] = []
    for one in samples:
        at = latest[one.group]
        by_time: Split = "train" if at <= last_of_train else "val" if at <= last_of_val else "test"
        splits.append(stated.get(one.group, by_time))
    return splits


def unsaid(samples: Sequence[InTime]) -> tuple[Split, ...]:
    """The split that the data lacks, where it names train and another one of all samples."""
    said = {one.given for one in samples}
    missing = tuple(split for split in STRICTNESS if split not in said)
    return missing if None not in said and "train" in said and len(missing) == 1 else ()


def _made(
    missing: Split,
    samples: Sequence[InTime],
    stated: Mapping[str, Split],
    latest: Mapping[str, float],
    wanted: int,
) -> dict[str, Split]:
    """Group → the split that was missing, of so many samples with a label as are wanted, and to be had."""
    source: Split = "train" if missing == "val" else "val"
    some = any(one.labelled for one in samples)
    told = [one.group for one in samples if one.labelled or not some]
    counted = Counter(group for group in told if stated[group] == source)
    most = min(wanted, sum(counted.values()) // 2)
    found: dict[str, Split] = {}
    taken = 0
    for group in sorted(counted, key=lambda name: (latest[name], name), reverse=True):
        taken += counted[group]
        if taken > most:
            break
        found[group] = missing
    return found


def _order(one: InTime) -> float:
    """A sample without a place is taken for an old one: nothing later is then judged by what it taught."""
    return float("-inf") if one.order is None else one.order


def _stated(samples: Sequence[InTime]) -> dict[str, Split]:
    """Group → split that the data names; the strictest one where it names several."""
    found: dict[str, Split] = {}
    for one in samples:
        if one.given is not None:
            known = found.get(one.group, one.given)
            found[one.group] = max(known, one.given, key=lambda split: STRICTNESS[split])
    return found
