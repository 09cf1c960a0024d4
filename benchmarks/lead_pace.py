"""How often the hub tells that leads are won later or more seldom: of firms where nothing changed, where it did, and after a lull.

`python -m benchmarks.lead_pace [--firms 40] [--seed 0] [--only TEXT]`. Made-up firms (`lead_exports_made.deals`): won deals take 40
days, lost ones 110. The export of day 480 is imported and learned from as `kit train` does; leads of the year after it are scored
by that bundle as they come, and the alert's own code (`cloud_sync/crm/outcomes/pace.py`) looks at them once a day for 364 days, once a week
after it was raised, as if no retraining came. Whether the scores of a firm are right is known. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.circle_leads import leads_of, learned, read_fields, when
from benchmarks.lead_exports_made import Firm, Lull, TimeOfYear, deals, put_off
from benchmarks.machines_run import header, table
from cloud_sync.crm.outcomes import pace, watching
from cloud_sync.crm.outcomes.lulls import Followed
from kits import load_bundle
from kits.core.runtime import TellsWhen
from kits.core.stats import Floats, proportion
from kits.lead_scoring._lead import MEDIA_TYPE

EXPORTED, DAYS, WEEK, CHANGED = 480, 364, 7, 600.0
OFF = 0.1
"""Scores that are wrong by so much of what they say, on the whole, are told of rightly."""
NEAR = 3.5
"""Distances below which no threshold lies, and none is simulated: of one tail alone it would be 3.7."""
EACH_YEAR: tuple[Lull, ...] = tuple((first + year, days) for first, days in ((211.0, 31.0), (350.0, 21.0)) for year in (0.0, 366.0))  # fmt: skip
"""August and three weeks at the end of the year, of two years."""


@dataclass(frozen=True)
class Case:
    """What happens to a firm.

    Attributes:
        make: draws it.
        since: day on which something changes; 0: nothing does.
        odds: from then on leads buy so many times as often.
        slower: who comes from then on takes so many times as long.
        lull: so many days from then on nobody decides.
        go_on: share of leads that a lull does not stop.
        at_once: what was put off by a lull is decided when it is over, not as much later.
    """

    make: Callable[[np.random.Generator], Firm] = deals
    since: float = 0.0
    odds: float = 1.0
    slower: float = 1.0
    lull: float = 0.0
    go_on: float = 0.0
    at_once: bool = False

    def outcomes(self, firm: Firm, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """(leads,) who is won, and the day on which each is decided."""
        late = firm.day >= (self.since or np.inf)
        keeps = self.odds / (1.0 + (self.odds - 1.0) * firm.chance)
        won = firm.won * ~(late & (rng.random(len(firm.day)) >= keeps))
        takes = np.where(won < firm.won, rng.gamma(2, 55.0, len(won)), firm.takes)
        ends = firm.day + np.where(late, self.slower, 1.0) * takes
        over = self.since + self.lull
        if self.at_once:
            return won, np.where((ends >= self.since) & (ends < over), over, ends)
        stops = rng.random(len(won)) >= self.go_on
        return won, np.where(stops, put_off(firm.day, ends, [(self.since, self.lull)]), ends)


_LARGE = partial(deals, leads=14_800)
CASES: Mapping[str, Case] = {
    "4 leads a day: nothing changes": Case(),
    "4 a day: all take twice as long": Case(since=CHANGED, slower=2.0),
    "4 a day: half as many buy": Case(since=CHANGED, odds=0.5),
    "4 a day: nobody decides for two weeks": Case(since=CHANGED, lull=14.0),
    "4 a day: for three weeks": Case(since=CHANGED, lull=21.0),
    "4 a day: for four weeks": Case(since=CHANGED, lull=28.0),
    "4 a day: each August and December": Case(partial(deals, year=TimeOfYear(lulls=EACH_YEAR))),
    "4 a day: a season of 0.4 in log-odds": Case(partial(deals, year=TimeOfYear(swing=0.4))),
    "16 leads a day: nothing changes": Case(_LARGE),
    "16 a day: all take twice as long": Case(_LARGE, CHANGED, slower=2.0),
    "16 a day: half as many buy": Case(_LARGE, CHANGED, odds=0.5),
    "16 a day: nobody decides for two weeks": Case(_LARGE, CHANGED, lull=14.0),
    "16 a day: for three weeks": Case(_LARGE, CHANGED, lull=21.0),
    "16 a day: for three weeks, but for one in five": Case(_LARGE, CHANGED, lull=21.0, go_on=0.2),
    "16 a day: for three weeks, then all at once": Case(_LARGE, CHANGED, lull=21.0, at_once=True),
    "16 a day: each August and December": Case(
        partial(deals, leads=14_800, year=TimeOfYear(lulls=EACH_YEAR))
    ),
}


@dataclass(frozen=True)
class Scored:
    """A firm, what its bundle says of later leads, (leads,) and 0 of those that were learned from, and who says so."""

    firm: Firm
    said: Floats
    runtime: TellsWhen


@dataclass(frozen=True)
class Told:
    """A year of looks.

    Attributes:
        texts: what the alert said, by the day of the look; the days on which it did not stand are not there.
        times: it was raised so often.
        off: by how much the scores of the leads that came in the year are wrong on the whole, as a share of what they say.
    """

    texts: Mapping[int, str]
    times: int
    off: float


def scored(make: Callable[[np.random.Generator], Firm], seed: tuple[int, int]) -> Scored:
    """One firm, learned from."""
    firm = replace(make(np.random.default_rng(seed)), exported=float(EXPORTED))
    later = np.flatnonzero(firm.later & (firm.day < EXPORTED + DAYS)).tolist()
    with tempfile.TemporaryDirectory() as name:
        project = learned(Path(name), firm.known())
        ready = load_bundle(project.run_dir() / "bundle.kwb")
        columns = {name for lead in leads_of(project) for name in lead["fields"]}
        fields = read_fields(Path(name), [firm.row(n, 0.0) for n in later], later, columns)
    said = np.zeros(len(firm.day))
    for n in later:
        told = {"id": str(n), "fields": fields[n], "at": when(firm.day[n]).isoformat()}
        said[n] = ready.predict_bytes(json.dumps(told).encode(), MEDIA_TYPE).score
    assert isinstance(ready.runtime, TellsWhen) and ready.runtime.won_by([0.5], [1.0])
    return Scored(firm, said, ready.runtime)


def year(one: Scored, case: Case, seed: tuple[int, int]) -> Told:
    """What the alert tells of it."""
    firm = one.firm
    won, ends = case.outcomes(firm, np.random.default_rng((*seed, 1)))
    texts = dict[int, str]()
    day, times, last = EXPORTED + 1, 0, False
    while day <= EXPORTED + DAYS:
        came = np.flatnonzero((one.said > 0) & (firm.day <= day))[-watching.LATELY :]
        found = looked(one, came, won, ends, float(day))
        stands = found is not None and found.drifted
        if found is not None and stands:
            texts[day] = found.text
            times += not last
        last = stands
        day += WEEK if texts else 1
    every = one.said > 0
    return Told(texts, times, float(firm.chance[every].sum() / one.said[every].sum() - 1.0))


def looked(one: Scored, came: NDArray[np.intp], won: Floats, ends: Floats, day: float) -> watching.Watched | None:  # fmt: skip
    """One look; None: nothing is near."""
    is_won = (won[came] > 0) & (ends[came] <= day)
    leads = Followed(one.said[came], day - one.firm.day[came], np.where(is_won, day - ends[came], np.inf))  # fmt: skip
    near = watching.measure(leads.expected(one.runtime), leads.is_won, rounds=1, least=pace.LEAST)
    if near.statistic is None or near.statistic < NEAR:
        return None
    return pace.compared(one.runtime, leads)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=40, help="the same in each case of a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    options = parser.parse_args()
    cases = {name: case for name, case in CASES.items() if options.only in name}
    found: dict[str, list[Told]] = {name: [] for name in cases}
    for make in {id(case.make): case.make for case in cases.values()}.values():
        for firm in range(options.firms):
            seed = options.seed, firm
            one = scored(make, seed)
            for name, case in cases.items():
                if case.make is make:
                    found[name].append(year(one, case, seed))
    print(header("Leads that are won later or more seldom: told, and not told"))
    print(f"{options.firms} firms of each kind, seed {options.seed}, 95 % intervals over firms\n")
    print(table(_COLUMNS, [[name, *_row(cases[name], told)] for name, told in found.items()]))


_COLUMNS = (
    "firm", "told within the year", f"of these, scores wrong by {OFF:.0%} or more", "days after it began: half of them", "all",
    "raised: times a firm", "said first: later", "more seldom", "either", "said last: later", "more seldom", "either",
)  # fmt: skip


def _row(case: Case, years: Sequence[Told]) -> list[str]:
    told = [one for one in years if one.texts]
    share = proportion(len(told), len(years))
    days = sorted(min(one.texts) - (case.since or EXPORTED) for one in told)
    return [
        f"{len(told)} of {len(years)} ({share.low:.0%} to {share.high:.0%})",
        f"{sum(abs(one.off) >= OFF for one in told)}",
        f"{np.median(days):.0f}" if days else "–",
        f"{days[-1]:.0f}" if days else "–",
        f"{np.mean([one.times for one in years]):.2f}",
        *_said([one.texts[min(one.texts)] for one in told]),
        *_said([one.texts[max(one.texts)] for one in told]),
    ]


def _said(texts: Sequence[str]) -> list[str]:
    """How many say that it is time, that it is how often, and that it may be either."""
    either = [" later, or " in one or " sooner, or " in one for one in texts]
    time = [not open_ and (" won later, " in one or " won sooner, " in one) for one, open_ in zip(texts, either)]  # fmt: skip
    return [f"{sum(time)}", f"{len(texts) - sum(time) - sum(either)}", f"{sum(either)}"]


if __name__ == "__main__":
    main()
