"""When the hub notices that leads are won more often than their scores say: bank_marketing in its own order of time.

`python -m benchmarks.lead_drift TRAIN.CSV [--first 0.5] [--streams 20]`. A bundle is trained on the oldest part by the
commands a user types (`duration` and all settings left to the kit), then scores the rest as it came; outcomes follow
at once, and the hub's own watches (`cloud_sync/crm/outcomes/watching.py`) look after every 100 of them: base rate (outcomes
against the share that was won in the training) and calibration (outcomes against scores). Told is when each alarms,
beside the first tenth of the file in which at least twice as many are won as in the training: an alarm should be raised
before its half. What counts as that period is a matter of definition, so there is a second answer, in which the moment
is known: outcomes are drawn from the scores, and from one lead on, or over a stretch, twice as many are won. And how
often it alarms where nothing is to be found: outcomes drawn from the scores throughout.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from benchmarks.lead_bundles import trained
from benchmarks.machines_run import header, table
from cloud_sync.crm.outcomes.watching import (
    FALSE_ALARMS,
    LATELY,
    RATE_SAID,
    SCORES_SAID,
    Watched,
    measure,
)
from kits.core.stats import Floats, proportion

EVERY = 100
TENTHS = 10
BATCH = 500
DOUBLED = 2.0


@dataclass(frozen=True)
class Stretch:
    """Leads of which twice as many are won; numbers count from the first lead that was scored."""

    begins: int
    ends: int

    @property
    def half(self) -> int:
        return (self.begins + self.ends) // 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--first", type=float, default=0.5, help="share that is learned from")
    parser.add_argument("--streams", type=int, default=20, help="streams without any change")
    options = parser.parse_args()
    rows = list(csv.DictReader(options.csv.open(encoding="utf-8")))
    cut = round(options.first * len(rows))
    past, coming = rows[:cut], rows[cut:]
    print(header("Leads: when a change of the base rate is noticed"))
    scores = _scores(past, coming)
    won = np.array([row["y"] == "yes" for row in coming], dtype=np.float64)
    rate = float(np.mean([row["y"] == "yes" for row in past]))
    stretch = _stretch(won, rate, len(rows) // TENTHS)
    usual = _looks(np.full(len(won), rate), won, seed=0, said=RATE_SAID)
    calibration = _looks(scores, won, seed=0)
    print(_words(len(past), rate, len(coming), stretch, usual))
    told = _rates(won, scores, stretch)
    told += _alarms("base rate", usual) + _alarms("calibration", calibration)
    print(table(("what", "is"), told))
    print(_delays(scores, len(rows) // TENTHS, options.streams))
    print(_chance(scores, options.streams))


def _scores(past: Sequence[dict[str, str]], coming: Sequence[dict[str, str]]) -> Floats:
    """Probabilities of the leads to come, by a bundle that learned from the past ones."""
    ready = trained(past)
    leads: list[Mapping[str, JsonValue]] = [
        {
            "id": row.get("row", ""),
            "fields": {k: v for k, v in row.items() if k not in ("row", "y")},
        }
        for row in coming
    ]
    found: list[float] = []
    for first in range(0, len(leads), BATCH):
        found += [one.score for one in ready.predict(leads[first : first + BATCH])]
    return np.array(found, dtype=np.float64)


def _stretch(won: Floats, rate: float, tenth: int) -> Stretch | None:
    """The first whole tenth with twice the rate."""
    for begins in range(0, len(won) - tenth + 1, tenth):
        if won[begins : begins + tenth].mean() >= DOUBLED * rate:
            return Stretch(begins, begins + tenth)
    return None


def _looks(
    scores: Floats, won: Floats, seed: int, every: int = EVERY, said: str = SCORES_SAID
) -> dict[int, Watched]:
    """What a watch says after so many leads, each time of the latest it looks at."""
    spans = [(max(0, n - LATELY), n) for n in range(every, len(won) + 1, every)]
    return {n: measure(scores[a:n], won[a:n], seed=seed, said=said) for a, n in spans}


def _episodes(looks: dict[int, Watched]) -> list[tuple[int, int]]:
    """Stretches in which the alarm stands: from the look that raised it to the one that closed it."""
    found: list[tuple[int, int]] = []
    begun = -1
    for n, look in looks.items():
        if look.drifted and begun < 0:
            begun = n
        elif not look.drifted and begun >= 0:
            found.append((begun, n))
            begun = -1
    return [*found, (begun, max(looks))] if begun >= 0 else found


def _words(
    past: int, rate: float, coming: int, stretch: Stretch | None, looks: dict[int, Watched]
) -> str:
    begun = f"{past:,} leads learned from, {rate:.1%} won; {coming:,} scored after them. "
    if stretch is None:
        return begun + "In no tenth the rate is doubled."
    raised = [a for a, _ in _episodes(looks) if a >= stretch.begins and _more(looks[a])]
    alarm = raised[0] if raised else -1
    verdict = "before" if 0 <= alarm <= stretch.half else "not before"
    return (
        begun
        + f"The first tenth with twice the rate is {stretch.begins:,} to {stretch.ends:,}; in it the alarm of "
        f"the base rate is raised after {alarm:,}, {verdict} its half ({stretch.half:,})."
    )


def _more(look: Watched) -> bool:
    return look.drifted and look.rate > look.expected


def _rates(won: Floats, scores: Floats, stretch: Stretch | None) -> list[list[str]]:
    return [
        [f"leads {a:,}–{b:,}: won, scores said", f"{won[a:b].mean():.1%}, {scores[a:b].mean():.1%}"]
        for a, b in _thirds(len(won), stretch)
    ]


def _alarms(name: str, looks: dict[int, Watched]) -> list[list[str]]:
    return [
        [f"{name}: alarm from {begun:,} to {ended:,}", looks[begun].text]
        for begun, ended in _episodes(looks)
    ]


def _thirds(n: int, stretch: Stretch | None) -> list[tuple[int, int]]:
    if stretch is None:
        return [(0, n)]
    marks = [0, stretch.begins, stretch.half, stretch.ends, n]
    return [(a, b) for a, b in pairwise(marks) if b > a]


def _delays(scores: Floats, period: int, streams: int) -> str:
    """How many leads pass from a known change, by which as many again are won, to the alarm; a period is a tenth."""
    before = _usual(scores, LATELY, seed=0)
    rows = []
    for what, over in (("at once", 1), ("over a period", period)):
        ramp = np.minimum(1.0, np.arange(1, 2 * period + 1) / over)
        found = [_delay(before, scores, ramp, seed) for seed in range(streams)]
        known = np.array([n if n is not None else np.inf for n in found])
        middle, late = np.quantile(known, [0.5, 0.95], method="higher")
        half = proportion(int((known <= period // 2).sum()), streams)
        rows.append([what, f"{middle:,.0f}", f"{late:,.0f}", half.text()])
    names = (
        "twice as many are won",
        "leads to the alarm",
        "of 95 of 100 streams",
        f"before {period // 2:,} leads",
    )
    return f"{streams} streams, period {period:,} leads\n" + table(names, rows)


def _usual(scores: Floats, n: int, seed: int) -> Floats:
    """Scores of leads drawn from the stream, so that no burst of the file stands where the change is."""
    return np.random.default_rng(seed).choice(scores, n)


def _delay(before: Floats, scores: Floats, ramp: Floats, seed: int) -> int | None:
    rng = np.random.default_rng(2000 + seed)
    said = np.concatenate([before, rng.choice(scores, len(ramp))])
    true = np.concatenate([before, np.minimum(1.0, said[len(before) :] * (1.0 + ramp))])
    won = (rng.random(len(said)) < true).astype(np.float64)
    for n in range(EVERY, len(ramp) + 1, EVERY):
        span = slice(len(before) + n - LATELY, len(before) + n)
        if _more(measure(said[span], won[span], seed=seed)):
            return n
    return None


def _chance(scores: Floats, streams: int) -> str:
    """Streams in which every score is right: how many alarm at any look."""
    alarms = 0
    for seed in range(streams):
        drawn = (np.random.default_rng(1000 + seed).random(len(scores)) < scores).astype(np.float64)
        looks = _looks(scores, drawn, seed, every=5 * EVERY)
        alarms += any(look.drifted for look in looks.values())
    share = proportion(alarms, streams)
    return (
        f"without any change {alarms} of {streams} streams of {len(scores):,} leads alarmed at any of "
        f"{len(scores) // (5 * EVERY)} looks ({share.text()}); {FALSE_ALARMS:.1%} a look are allowed"
    )


if __name__ == "__main__":
    main()
