"""How much there is to learn from and to judge on, of recordings that are cut in time.

These are few and long: what counts are their days and the faults in them, not how many pieces they became. So these
findings stand in the place of those that the toolchain makes by counting samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from kits.core.kit import Finding
from kits.core.stats import upper_bound
from kits.predictive_maintenance._checking.levels import WAVE_HZ
from kits.predictive_maintenance._checking.looks import Look
from kits.predictive_maintenance._reading.columns.names import is_normal

DAY_S = 86_400
_ENOUGH = 0.8
"""A share of found faults that is known to be above this is worth claiming."""


def check_amounts(looks: list[Look]) -> Iterator[Finding]:
    """Days to learn from, faults to judge on; nothing of samples that are decided each by itself."""
    if looks and all(look.remaining_life is not None for look in looks):
        yield from _of_lives()
        return
    if not looks or not all("#" in look.group and look.started_at is not None for look in looks):
        return
    learnt = [look for look in looks if look.split == "train" and not _marked(look)]
    days = running_s(learnt) / DAY_S
    yield Finding(
        "few-samples", "pass",
        f"{days:.3g} machine days to learn from: recordings that are cut in time count by that, not by their {len(learnt)} pieces",
    )  # fmt: skip
    yield from _faults(sum(_marked(look) for look in looks if look.split == "test"))
    yield Finding("claim-overkill", "pass", "false alarms are counted by time: see normal-time")
    yield _WORTH


_WORTH = Finding(
    "baseline", "pass",
    "what alarms are worth is counted in stops, not in recordings: kit replay says it, beside doing nothing and alarms at random",
)  # fmt: skip


def _of_lives() -> Iterator[Finding]:
    """A life is no good or bad sample: how many there are is told by `runs-to-failure`."""
    yield Finding("claim-escape", "pass", "lives are counted by machine: see runs-to-failure")
    yield Finding("claim-overkill", "pass", "lives are counted by machine: see runs-to-failure")
    yield _WORTH


def running_s(looks: Sequence[Look]) -> float:
    """Seconds of the machines' time; captures now and then stand for the usual time from one to the next."""
    by_asset: dict[str, list[Look]] = {}
    for look in looks:
        by_asset.setdefault(look.asset, []).append(look)
    return sum(map(_running_s, by_asset.values()))


def _running_s(own: Sequence[Look]) -> float:
    whole = sum(look.duration_s for look in own)
    starts = sorted(look.started_at.timestamp() for look in own if look.started_at is not None)
    # such a recording is a glimpse of the machine, and stands for the time until the next one
    fast = all(max(c.rate_hz for c in look.channels) >= WAVE_HZ for look in own)
    if not fast or len(starts) < 3:
        return whole
    steps = [b - a for a, b in pairwise(starts)]
    return max(whole, len(own) * median(steps))


def _marked(look: Look) -> int:
    """Stretches of faults in a recording."""
    if look.annotation is None:
        return 0
    spans = sum(not is_normal(span.label) for span in look.annotation.spans)
    return spans or int(bool(look.label) and not is_normal(look.label))


def _faults(count: int) -> Iterator[Finding]:
    if not count:
        yield Finding(
            "claim-escape", "warn",
            "no fault is marked in what is judged on: event_recall cannot be measured", (),
            "fine for watching what is unusual; list faults you know of, or give them to kit replay --failures",
        )  # fmt: skip
        return
    known = 1 - upper_bound(0, count)
    text = (
        f"{count} stretches of faults to judge on: even if all are found, event_recall is only known to be above "
        f"{known:.0%} (95 % confidence)"
    )
    if known >= _ENOUGH:
        yield Finding("claim-escape", "pass", text)
    else:
        yield Finding(
            "claim-escape", "warn", text, (), "bring more months in which something failed"
        )
