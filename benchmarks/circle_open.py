"""A year of a hub's list of open leads: what it promises each week, how many of those leads are won, and what that costs in requests.

`python -m benchmarks.circle_open [--firms 2] [--seed 0] [--only TEXT]`. Made-up firms (`lead_exports_made.deals`) whose CRM is connected
on day 480, when its export is learned from as `kit train` does. For 364 days leads come, are won, lost or never closed, and
the hub's own loops read, score, write and look after them by a clock that is moved half a day at a time; the CRM is one in memory.
The true chance of a lead that is open is known: how likely it bought when it came, and which share of the won and of the lost
take longer than it is old. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma
from sqlalchemy import select

from benchmarks.circle_leads import leads_of, learned, read_fields, when
from benchmarks.lead_exports import mean
from benchmarks.lead_exports_made import NEVER, Firm, deals
from benchmarks.machines_run import header, table
from cloud_sync.crm.kinds.base import Record, ScoreWrite, WriteOutcome
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.outcomes import by_age, pace, watching
from cloud_sync.crm.outcomes.outcomes import ensure_device
from cloud_sync.crm.scoring import freshness
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.fleet.bundles import publish
from cloud_sync.hub import Hub
from cloud_sync.learning import datasets, retraining
from cloud_sync.learning.jobs import find_job
from cloud_sync.learning.runner import Runner
from cloud_sync.store.models import Bundle, CrmConnection, CrmLead
from kits import load_bundle
from kits.core.dataset import to_bytes
from kits.core.hub_api import PublishRequest
from kits.core.stats import Floats
from tests.cloud_sync.crm.lead_builders import MemoryCrm
from tests.cloud_sync.hub_builders import open_hub, put_blob

EXPORTED, DAYS, STEP, WEEK = 480.0, 364, 0.5, 7
CHANGED = 600.0
BEST, MOVED = 20, 3
"""Leads of the top of the list, and points by which a score is another one: `min_change`."""
AGAIN = 10.0
"""Days after which a lost lead is open again."""
AGES = (0.0, 30.0, 60.0, 90.0, 150.0, NEVER)
CRM, SHOP = "sales", "shop"
_WON_DAYS, _LOST_DAYS = 20.0, 55.0


@dataclass(frozen=True)
class Market:
    """A firm, and what happens in its year.

    Attributes:
        firm: draws it.
        forgotten: share of lost leads that nobody ever closes.
        slower: who comes from `CHANGED` on takes so many times as long.
        stopped: days between which the hub does not run.
        reopened: share of lost leads that are open again, as likely to buy as when they came.
        retrained: day on which the hub learns anew, and the new bundle takes over.
    """

    firm: Callable[[np.random.Generator], Firm] = deals
    forgotten: float = 0.0
    slower: float = 1.0
    stopped: tuple[float, float] = (NEVER, NEVER)
    reopened: float = 0.0
    retrained: float = NEVER


_THIRD = partial(deals, forgotten=1 / 3)
MARKETS: Mapping[str, Market] = {
    "nothing happens": Market(),
    "a third of the lost are never closed": Market(_THIRD, 1 / 3),
    "the same, retrained on day 660": Market(_THIRD, 1 / 3, retrained=660.0),
    "all take twice as long from day 600": Market(slower=2.0),
    "half as many buy from day 600": Market(partial(deals, moved=(CHANGED, 0.5))),
    "the hub is stopped for two weeks": Market(stopped=(CHANGED, CHANGED + 14.0)),
    "a tenth of the lost are open again": Market(reopened=0.1),
}


@dataclass(frozen=True)
class Week:
    """What the list promised one day.

    Attributes:
        day: it was.
        ages, said, left, won: (leads,) of all open ones: days, probability, true chance, whether it was won in the end.
        best: places of the first `BEST` in the list's order.
        bands: (leads,) hot, warm or cold.
        stale, off: leads of which another score would be made now; of which the CRM shows another one.
    """

    day: float
    ages: Floats
    said: Floats
    left: Floats
    won: Floats
    best: NDArray[np.intp]
    bands: NDArray[np.str_]
    stale: int
    off: int


@dataclass
class Counting(MemoryCrm):
    """A CRM that counts what is asked of it."""

    reads: int = 0
    writes: Counter[str] = field(default_factory=Counter)
    shown: dict[str, tuple[int, str]] = field(default_factory=dict)
    jumps: list[int] = field(default_factory=list)

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        self.reads += len(object_ids)
        return super().read(object_ids)

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        for one in writes:
            points = one.points or 0
            self.writes[one.object_id] += 1
            if one.object_id in self.shown:
                self.jumps.append(points - self.shown[one.object_id][0])
            self.shown[one.object_id] = points, one.band
        return super().write(writes)


class Year:
    """One firm and its hub.

    Attributes:
        told: alert → the day on which it was raised first.
    """

    def __init__(self, market: Market, firm: Firm, root: Path, hub: Hub, seed: int) -> None:
        self.market, self.firm, self.hub = market, firm, hub
        self.rng = np.random.default_rng((seed, 7))
        self.slow = np.where(firm.day >= CHANGED, market.slower, 1.0)
        self.since, self.bought = firm.day.copy(), firm.won > 0
        self.ends = firm.day + np.where(firm.takes < NEVER, self.slow * firm.takes, NEVER)
        self.again = ~self.bought & (self.rng.random(len(firm.day)) < market.reopened)
        known = np.flatnonzero(firm.day < EXPORTED).tolist()
        project = learned(root, [firm.row(n, EXPORTED - firm.day[n]) for n in known])
        self.yaml = (project.root / "kit.yaml").read_text()
        self.met = np.flatnonzero((self.ends > EXPORTED) & (firm.day < EXPORTED + DAYS)).tolist()
        columns = {name for lead in leads_of(project) for name in lead["fields"]}
        self.fields = read_fields(root, [firm.row(n, 0.0) for n in self.met], self.met, columns)
        self.day, self.told = EXPORTED, dict[str, float]()
        dataset = project.dataset()
        for item in dataset.items:
            put_blob(hub, dataset.content(item))
        datasets.receive(hub, dataset.id, to_bytes(dataset), by="eve")
        self.crm, self.models = Counting(), LeadModels(hub)
        self._release(project.run_dir() / "bundle.kwb", dataset.id)
        settings = {"kind": "pipedrive", "url": "https://firm.example"}
        row = CrmConnection(name=CRM, kind="pipedrive", settings=settings, project=SHOP, created_at=self.now())  # fmt: skip
        with hub.database.transaction() as session:
            session.add(row)
            ensure_device(session, CRM, "pipedrive", self.now())
        self.scoring = LeadScoring(hub, self.models, lambda _row: self.crm, now=self.now)
        self.writing = WriteBack(hub, lambda _row: self.crm, now=self.now)

    def now(self) -> datetime:
        return when(self.day)

    def _release(self, path: Path, dataset: str) -> None:
        """A bundle takes over, whether it passed or not."""
        self.ready = load_bundle(path)
        blob = put_blob(self.hub, path.read_bytes())
        request = PublishRequest(bundle=self.ready.id, blob=blob, dataset=dataset, project_yaml=self.yaml)  # fmt: skip
        publish(self.hub, request, login="eve")
        with self.hub.database.transaction() as session:
            for row in session.scalars(select(Bundle)):
                row.champion = row.id == self.ready.id
        self.models.look(SHOP)

    def _retrain(self) -> None:
        with self.hub.database.transaction() as session:
            job = retraining.request(session, SHOP, by="eve").id
        Runner(self.hub, {retraining.KIND: retraining.retrain}).run_one()
        with self.hub.database.session() as session:
            done = find_job(session, job)
        assert done.state == "done", done.error
        (path,) = self.hub.config.data_dir.rglob(f"bundles/*-{str(done.result['bundle'])[:12]}.kwb")
        self._release(path, str(done.result["dataset"]))

    def run(self) -> list[Week]:
        """What the list promised each week."""
        weeks, began = list[Week](), EXPORTED - STEP
        for step in range(int(DAYS / STEP)):
            self.day = EXPORTED + step * STEP
            if self.market.stopped[0] <= self.day < self.market.stopped[1]:
                continue
            if began < self.market.retrained <= self.day:
                self._retrain()
            self._happen(began)
            began = self.day
            for loop in (self.scoring, self.writing):
                while loop.step():
                    pass
            if (step + 1) % int(WEEK / STEP) == 0:
                self._look()
                weeks.append(self._week())
        return weeks

    def _happen(self, began: float) -> None:
        """Leads that came, were decided and opened again since then are due."""
        due = dict[int, float]()
        for n in self.met:
            at = max(float(self.firm.day[n]), EXPORTED)
            if began < at <= self.day:
                due[n], came = at, when(self.firm.day[n])
                self.crm.records[_name(n)] = Record(_name(n), self.fields[n], came, created_at=came)
            if began < self.ends[n] <= self.day:
                due[n] = at = float(self.ends[n])
                outcome = "won" if self.bought[n] else "lost"
                self.crm.put(_name(n), when(at), outcome=outcome, outcome_at=when(at))
            elif self.again[n] and began < self.ends[n] + AGAIN <= self.day:
                due[n] = at = float(self.ends[n]) + AGAIN
                self.crm.put(_name(n), when(at), outcome="", outcome_at=None)
                self._open_again(n, at)
        with self.hub.database.transaction() as session:
            for n, at in due.items():
                row = session.get(CrmLead, (CRM, _name(n)))
                if row is None:
                    row = CrmLead(connection=CRM, object_id=_name(n), created_at=self.now())
                    session.add(row)
                row.due_at, row.seen_at = self.now(), when(at)
                row.due_mark = (row.due_mark or 0) + 1

    def _open_again(self, n: int, at: float) -> None:
        self.again[n], self.since[n] = False, at
        self.bought[n] = self.rng.random() < self.firm.chance[n]
        scale = _WON_DAYS if self.bought[n] else _LOST_DAYS
        self.ends[n] = at + self.slow[n] * self.rng.gamma(2, scale)

    def _look(self) -> None:
        found = watching.look(self.hub, SHOP, self.now())
        by_age.look(self.hub, SHOP, self.ready, self.now())
        paced = pace.look(self.hub, SHOP, self.ready, self.now())
        if found is not None and found.calibration.drifted:
            self.told.setdefault(watching.DRIFT, self.day)
        if paced is not None and paced.drifted:
            self.told.setdefault(pace.PACE, self.day)

    def _left(self, numbers: Sequence[int]) -> Floats:
        """(n,) true chances of leads that are open."""
        days, chance = (self.day - self.since[numbers]) / self.slow[numbers], self.firm.chance[numbers]  # fmt: skip
        never = self.market.forgotten
        won = chance * gamma.sf(days, 2, scale=_WON_DAYS)
        lost = (1 - chance) * (never + (1 - never) * gamma.sf(days, 2, scale=_LOST_DAYS))
        found: Floats = won / (won + lost)
        return found

    def _week(self) -> Week:
        with self.hub.database.session() as session:
            query = select(CrmLead).where(CrmLead.state == "open", CrmLead.points.is_not(None))
            leads = list(session.scalars(query))
            connection = session.get_one(CrmConnection, CRM)
        names = [one.object_id for one in leads]
        numbers = [int(name) - 1000 for name in names]
        said = np.array([one.probability for one in leads], dtype=np.float64)
        before = freshness.known(self.hub, connection, names)
        records = [self.crm.records[name] for name in names]
        again, _ = freshness.score(self.ready, records, self.now(), connection.created_at, before)
        points = np.array([one.points or 0 for one in leads])
        anew = np.array([again[name].points or 0 for name in names])
        off = sum(
            abs(self.crm.shown[one.object_id][0] - (one.points or 0)) >= MOVED or self.crm.shown[one.object_id][1] != one.band
            for one in leads
        )  # fmt: skip
        return Week(
            self.day, self.day - self.since[numbers], said, self._left(numbers), self.bought[numbers].astype(np.float64),
            np.lexsort((-said, np.array([-one.heat for one in leads])))[:BEST], np.array([one.band for one in leads]),
            int((np.abs(anew - points) >= MOVED).sum()), off,
        )  # fmt: skip


def _name(n: int) -> str:
    return str(1000 + n)


@dataclass(frozen=True)
class Found:
    """One year."""

    weeks: list[Week]
    crm: Counting
    told: Mapping[str, float]


def year(market: Market, seed: tuple[int, ...]) -> Found:
    """One firm's."""
    firm = replace(market.firm(np.random.default_rng(seed)), exported=EXPORTED)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with open_hub(root / "hub", jobs={"threads": 1}) as (_, hub):
            one = Year(market, firm, root, hub, seed[-1])
            return Found(one.run(), one.crm, one.told)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=2, help="the same of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="years whose name has this in it")
    options = parser.parse_args()
    print(header("A year of a list of open leads"))
    print(f"{options.firms} firms, seed {options.seed}, means with 95 % intervals over firms\n")
    lists, ages, costs = list[list[str]](), list[list[str]](), list[list[str]]()
    for name, market in MARKETS.items():
        if options.only not in name:
            continue
        years = [year(market, (options.seed, firm)) for firm in range(options.firms)]
        lists.append([name, *_list_row(years)])
        costs.append([name, *_cost_row(years)])
        ages += [[name, *row] for row in _age_rows(years)]
    print(table(_LISTS, lists))
    print(table(_AGES, ages))
    print(table(_COSTS, costs))


_LISTS = (
    "year", "open leads", "mean probability said", "true", "won in the end", f"best {BEST}: said", "true", "true of the best there are",
    "hot leads", "true", "told by lead-drift", "by lead-pace",
)  # fmt: skip
_AGES = ("year", "open for days", "share of the list", "said", "true", "won in the end")
_COSTS = (
    "year", "reads per open lead in 30 days", "writes of a lead: mean", "most", "points moved by a write: mean", "most",
    "another score now, of 1,000 open", "CRM shows another, of 1,000",
)  # fmt: skip


def _list_row(years: Sequence[Found]) -> list[str]:
    def of(value: Callable[[Week], float]) -> str:
        return mean([float(np.mean([value(week) for week in one.weeks])) for one in years])

    def told(alert: str) -> str:
        days = sorted(one.told[alert] for one in years if alert in one.told)
        return f"{len(days)} of {len(years)}" + (f", day {days[0]:.0f} to {days[-1]:.0f}" if days else "")  # fmt: skip

    return [
        f"{np.mean([len(week.said) for one in years for week in one.weeks]):.0f}",
        of(lambda week: week.said.mean()), of(lambda week: week.left.mean()), of(lambda week: week.won.mean()),
        of(lambda week: week.said[week.best].mean()), of(lambda week: week.left[week.best].mean()),
        of(lambda week: np.sort(week.left)[-BEST:].mean()),
        f"{np.mean([(week.bands == 'hot').sum() for one in years for week in one.weeks]):.1f}",
        of(lambda week: week.left[week.bands == "hot"].mean()), told(watching.DRIFT), told(pace.PACE),
    ]  # fmt: skip


def _age_rows(years: Sequence[Found]) -> list[list[str]]:
    weeks = [week for one in years for week in one.weeks]
    every = [np.concatenate([getattr(week, key) for week in weeks]) for key in ("ages", "said", "left", "won")]  # fmt: skip
    rows = []
    for low, high in pairwise(AGES):
        of_age = (every[0] >= low) & (every[0] < high)
        span = f"{low:.0f} or more" if high == NEVER else f"{low:.0f} to {high:.0f}"
        rows.append([span, f"{of_age.mean():.0%}", *(f"{one[of_age].mean():.4f}" for one in every[1:])])  # fmt: skip
    return rows


def _cost_row(years: Sequence[Found]) -> list[str]:
    open_weeks = sum(len(week.said) for one in years for week in one.weeks)
    writes = [count for one in years for count in one.crm.writes.values()]
    jumps = np.abs([jump for one in years for jump in one.crm.jumps])
    stale, off = (sum(getattr(week, key) for one in years for week in one.weeks) for key in ("stale", "off"))  # fmt: skip
    reads = sum(one.crm.reads for one in years)
    return [
        f"{reads / (open_weeks * WEEK / 30):.1f}", f"{np.mean(writes):.1f}", f"{max(writes)}", f"{jumps.mean():.1f}", f"{jumps.max()}",
        f"{1000 * stale / open_weeks:.1f}", f"{1000 * off / open_weeks:.1f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
