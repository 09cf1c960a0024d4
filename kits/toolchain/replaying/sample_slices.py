"""Of which kinds and in which months more goes wrong than was measured for the thresholds, where the rate of all hides it.

Values only: what was decided is counted in `samples.py`. Each of several kinds or months is tested as much more strictly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from kits.core.grouped import grouped_proportion
from kits.core.kit import ItemResult
from kits.core.operating_point import OperatingPoint, Verdict
from kits.core.stats import Estimate
from kits.toolchain.replaying.text import percent

_LEVEL = 0.05
"""How often one may be told by chance, over all kinds or months."""
_WRONG: Mapping[str, tuple[Verdict, str]] = {
    "overkill_rate": ("act", "false acts"),
    "escape_rate": ("pass", "escapes"),
}


def worse_kinds(
    point: OperatingPoint, positives: Sequence[ItemResult], known: Collection[str] = ()
) -> Iterator[str]:
    """Kinds of positives of which more escape than was measured of all: a new kind is few among them, and hidden in their rate.

    Each of several kinds is tested as much more strictly.
    """
    was = point.rates.get("escape_rate")
    kinds: dict[str, list[ItemResult]] = {}
    for result in positives:
        kinds.setdefault(result.truth, []).append(result)
    if was is None or len(kinds) < 2:
        return
    for kind, mine in sorted(kinds.items()):
        passed, groups = [one.verdict == "pass" for one in mine], [one.group for one in mine]
        if grouped_proportion(passed, groups, 1 - _LEVEL / len(kinds)).low <= was.high:
            continue
        new = ", a kind that it was not made with" if known and kind not in known else ""
        yield (
            f"escapes of {kind!r}{new} {percent(grouped_proportion(passed, groups))}, where {percent(was)} of all kinds were measured for the"
            " thresholds"
        )


def worse_months(
    point: OperatingPoint, name: str, results: Sequence[ItemResult], days: Mapping[str, str]
) -> Iterator[str]:
    """What began last month is little of a year; nothing where the rate of all months tells it.

    Days differ, so those of a month count by how alike what is decided on one day is.

    Args:
        name: `overkill_rate` with the samples that are no positives, or `escape_rate` with those that are.
        days: of each sample, as `2025-03-14`; empty: not known.
    """
    was, (verdict, words) = point.rates.get(name), _WRONG[name]
    by_month: dict[str, list[ItemResult]] = {}
    for one in results:
        if day := days.get(one.sample_id):
            by_month.setdefault(day[:7], []).append(one)

    def share(some: Sequence[ItemResult], confidence: float = 0.95) -> Estimate:
        hits = [one.verdict == verdict for one in some]
        return grouped_proportion(hits, [days[one.sample_id] for one in some], confidence)

    every = [one for mine in by_month.values() for one in mine]
    if was is None or len(by_month) < 2 or share(every).low > was.high:
        return
    level = 1 - _LEVEL / len(by_month)
    bad = [m for m, mine in sorted(by_month.items()) if share(mine, level).low > was.high]
    if bad:
        came = share([one for month in bad for one in by_month[month]])
        yield f"{words} {percent(came)} in {', '.join(bad)}, where {percent(was)} were measured for the thresholds"
