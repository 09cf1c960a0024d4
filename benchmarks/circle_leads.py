"""A year of a hub with leads: what each retraining promises, what came of the next leads, and which challengers take over.

`python -m benchmarks.circle_leads [--firms 5] [--seed 0] [--only "nobody closes"]`. Made-up firms (`lead_exports_made.deals`): won
deals take 40 days, lost ones 110, or nobody closes them. An export of day 540 is imported and learned from, with dates of outcomes or
without; from then on leads come to the hub, those that were open first, and are scored by the bundle in force; outcomes become
samples as they do there, by age where nobody closes the lost. Each 60 days the hub retrains, whether it pays or not, by its own job; a
challenger that passes takes over at once. Truth is the probabilities that leads of the next 90 days truly have. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sqlalchemy import select

from benchmarks.lead_exports import mean, written
from benchmarks.lead_exports_made import START, Firm, Row, deals
from benchmarks.machines_run import header, table
from cloud_sync.crm.outcomes import by_age
from cloud_sync.crm.outcomes.outcomes import ensure_device, keep_bytes, note_outcome
from cloud_sync.crm.outcomes.watching import decided, watch
from cloud_sync.crm.scoring.scored import score_of
from cloud_sync.fleet.bundles import publish
from cloud_sync.hub import Hub
from cloud_sync.learning import datasets, freezing, retraining
from cloud_sync.learning.jobs import find_job
from cloud_sync.learning.runner import Runner
from cloud_sync.store.models import Bundle, CrmConnection, CrmLead
from cloud_sync.store.types import JsonObject
from kits import load_bundle
from kits.core.dataset import to_bytes
from kits.core.hub_api import PublishRequest
from kits.core.ready import ReadyBundle
from kits.core.stats import Floats
from kits.lead_scoring._lead import MEDIA_TYPE
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from kits.toolchain.training import train_project
from tests.cloud_sync.hub_builders import open_hub, put_blob

EXPORTED, ROUND, ROUNDS, NEXT = 540.0, 60.0, 5, 90.0
CRM = "sales"
_UNCLOSED = partial(deals, dated=("Won",), forgotten=1.0)
FIRMS: Mapping[str, Callable[[np.random.Generator], Firm]] = {
    "import with dates": deals,
    "import without": partial(deals, dated=()),
    "with dates, half as many buy from day 600": partial(deals, moved=(600.0, 0.5)),
    "with dates, all take twice as long from day 600": partial(deals, slower=(600.0, 2.0)),
    "nobody closes the lost": _UNCLOSED,
    "nobody closes the lost, half as many buy from day 600": partial(_UNCLOSED, moved=(600.0, 0.5)),
    "nobody closes the lost, twice as many buy from day 600": partial(
        _UNCLOSED, moved=(600.0, 2.0)
    ),
}


@dataclass(frozen=True)
class Round:
    """What one retraining said, and what came.

    Attributes:
        told: share won of the challenger's test split.
        champion, challenger: of the next leads the mean probability, and how much more log-loss than the truth has.
        truth: mean of the true probabilities.
        passed, alarm: the challenger takes over; the hub says that scores mislead.
    """

    told: float
    champion: tuple[float, float]
    challenger: tuple[float, float]
    truth: float
    passed: bool
    alarm: bool


class Year:
    """One firm and its hub."""

    def __init__(self, firm: Firm, root: Path, hub: Hub) -> None:
        self.firm, self.hub, self.takes = firm, hub, firm.takes
        self.ends = firm.day + firm.takes
        self.comes = np.maximum(firm.day, EXPORTED)
        known = np.flatnonzero(firm.day < EXPORTED).tolist()
        project = learned(root, [firm.row(n, EXPORTED - firm.day[n]) for n in known])
        self.ready = load_bundle(project.run_dir() / "bundle.kwb")
        self._publish(project)
        self.met: list[int] = np.flatnonzero(self.ends > EXPORTED).tolist()
        columns = {name for lead in leads_of(project) for name in lead["fields"]}
        self.fields = read_fields(root, [firm.row(n, 0.0) for n in self.met], self.met, columns)

    def _publish(self, project: Project) -> None:
        hub, dataset = self.hub, project.dataset()
        for item in dataset.items:
            put_blob(hub, dataset.content(item))
        datasets.receive(hub, dataset.id, to_bytes(dataset), by="eve")
        content = (project.run_dir() / "bundle.kwb").read_bytes()
        request = PublishRequest(
            bundle=self.ready.id, blob=put_blob(hub, content), dataset=dataset.id,
            project_yaml=(project.root / "kit.yaml").read_text(),
        )  # fmt: skip
        publish(hub, request, login="eve")
        settings: JsonObject = {"kind": "pipedrive", "url": "https://firm.example"}
        row = CrmConnection(
            name=CRM, kind="pipedrive", settings=settings, project=project.config.name, created_at=when(EXPORTED)
        )  # fmt: skip
        with hub.database.transaction() as session:
            session.add(row)
            ensure_device(session, CRM, "pipedrive", when(EXPORTED))

    def round(self, number: int) -> Round:
        """Leads come and are decided, then a challenger is trained."""
        began = EXPORTED + number * ROUND
        ended = began + ROUND
        self._ask(self._within(self.comes, began, ended))
        for n in self._within(self.ends, began, ended):
            self._decide(n)
        with self.hub.database.session() as session:
            found = watch(decided(session, "shop", self.ready.id, when(ended)))
        by_age.look(self.hub, "shop", self.ready, when(ended))
        with at_time(when(ended)):
            result = self._retrained()
        challenger = self._challenger(str(result["bundle"]))
        after = self._within(self.firm.day, ended, ended + NEXT)
        truth = self.firm.chance[after]
        before = self._beside(self.ready, after, truth)
        if result["passed"]:
            self.ready = challenger
        metrics = result["metrics"]
        assert isinstance(metrics, Mapping)
        return Round(
            float(metrics["base_rate"]["value"]), before, self._beside(challenger, after, truth), float(truth.mean()),
            bool(result["passed"]), found.calibration.drifted,
        )  # fmt: skip

    def _within(self, days: Floats, began: float, ended: float) -> list[int]:
        return [n for n in self.met if began <= days[n] < ended]

    def _said(self, ready: ReadyBundle, n: int, at: datetime) -> tuple[JsonObject, float]:
        told: JsonObject = {"id": str(1000 + n), "fields": self.fields[n], "at": at.isoformat()}
        prediction = ready.predict_bytes(json.dumps(told).encode(), MEDIA_TYPE)
        score = score_of(ready, prediction)
        said: JsonObject = {
            "fields": self.fields[n], "at": at.isoformat(), "came": when(self.firm.day[n]).isoformat(), "bundle": ready.id,
            "verdict": score.verdict, "probability": score.probability, "points": score.points, "band": score.band,
            "base_rate": score.base_rate, "reasons": [],
        }  # fmt: skip
        return said, prediction.score

    def _ask(self, leads: Sequence[int]) -> None:
        with self.hub.database.transaction() as session:
            for n in leads:
                at = when(self.comes[n])
                said, _ = self._said(self.ready, n, at)
                session.add(CrmLead(
                    connection=CRM, object_id=str(1000 + n), asked=said, asked_at=at, asked_of=self.ready.id, created_at=at
                ))  # fmt: skip

    def _decide(self, n: int) -> None:
        with self.hub.database.transaction() as session:
            lead = session.get_one(CrmLead, (CRM, str(1000 + n)))
            lead.state = "won" if self.firm.won[n] else "lost"
            lead.outcome_at = at = when(self.ends[n])
            kept = keep_bytes(self.hub, [lead]).get(lead.object_id)
            connection = session.get_one(CrmConnection, CRM)
            note_outcome(session, lead, lead.state, connection, kept=kept, drawn=0.0, now=at)

    def _retrained(self) -> Mapping[str, object]:
        with self.hub.database.transaction() as session:
            job = retraining.request(session, "shop", by="eve").id
        Runner(self.hub, {retraining.KIND: retraining.retrain}).run_one()
        with self.hub.database.session() as session:
            done = find_job(session, job)
        assert done.state == "done", done.error
        return done.result

    def _challenger(self, identity: str) -> ReadyBundle:
        """It takes over where it was registered: as if it was signed at once."""
        with self.hub.database.transaction() as session:
            rows = session.scalars(select(Bundle)).all()
            if any(row.id == identity for row in rows):
                for row in rows:
                    row.champion = row.id == identity
        (path,) = self.hub.config.data_dir.rglob(f"bundles/*-{identity[:12]}.kwb")
        return load_bundle(path)

    def _beside(
        self, ready: ReadyBundle, leads: Sequence[int], truth: Floats
    ) -> tuple[float, float]:
        said = np.array([self._said(ready, n, when(self.firm.day[n]))[1] for n in leads])
        return float(said.mean()), log_loss(said, truth) - log_loss(truth, truth)


def log_loss(said: Floats, truth: Floats) -> float:
    """What is to be expected of it."""
    return float(-(truth * np.log(said) + (1 - truth) * np.log1p(-said)).mean())


def when(day: float) -> datetime:
    return START + timedelta(days=float(day))


def learned(root: Path, rows: Sequence[Row]) -> Project:
    project = imported(root / "shop", rows)
    train_project(project)
    return project


def imported(folder: Path, rows: Sequence[Row]) -> Project:
    export = written(folder / "export.csv", rows)
    (folder / "kit.yaml").write_text(f"kit: lead-scoring\nname: {folder.name}\n")
    project = Project.open(folder)
    import_data(project, export, ImportOptions())
    return project


def read_fields(
    root: Path, rows: Sequence[Row], numbers: Sequence[int], columns: Collection[str]
) -> dict[int, JsonObject]:
    """Lead → those of its fields that are learned from, as the kit reads them."""
    fields: dict[int, JsonObject] = {}
    for lead in leads_of(imported(root / "read", rows)):
        own = {name: value for name, value in lead["fields"].items() if name in columns}
        fields[int(float(lead["id"].split()[-1])) - 1000] = own
    assert sorted(fields) == sorted(numbers)
    return fields


def leads_of(project: Project) -> list[dict[str, Any]]:
    dataset = project.dataset()
    return [json.loads(dataset.content(item)) for item in dataset.items]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    options = parser.parse_args()
    print(header("A year of a hub with leads"))
    print(f"{options.firms} firms of each kind, seed {options.seed}, means over firms\n")
    rows = []
    for number, (name, make) in enumerate(FIRMS.items()):
        if options.only not in name:
            continue
        years = [
            year(make(np.random.default_rng((options.seed, number, firm))))
            for firm in range(options.firms)
        ]
        rows += [[name, *_row(n, [one[n] for one in years])] for n in range(ROUNDS)]
    print(table(("firm", *_COLUMNS), rows))


_COLUMNS = (
    "day", "share won told", "true of the next", "mean probability: in force", "challenger",
    "excess log-loss: in force", "challenger", "passed", "scores mislead, told",
)  # fmt: skip


@contextmanager
def at_time(when: datetime) -> Iterator[None]:
    """What the hub takes for now where outcomes of young leads are held."""
    with patch.object(freezing, "utc_now", lambda: when):
        yield


def year(firm: Firm) -> list[Round]:
    """All rounds of one firm."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with open_hub(root / "hub", jobs={"threads": 1}) as (_, hub):
            one = Year(replace(firm, exported=EXPORTED), root, hub)
            return [one.round(number) for number in range(ROUNDS)]


def _row(number: int, rounds: Sequence[Round]) -> list[str]:
    return [
        f"{EXPORTED + (number + 1) * ROUND:.0f}",
        mean([one.told for one in rounds]),
        f"{np.mean([one.truth for one in rounds]):.3f}",
        mean([one.champion[0] for one in rounds]),
        mean([one.challenger[0] for one in rounds]),
        mean([one.champion[1] for one in rounds], 4),
        mean([one.challenger[1] for one in rounds], 4),
        f"{sum(one.passed for one in rounds)} of {len(rounds)}",
        f"{sum(one.alarm for one in rounds)} of {len(rounds)}",
    ]


if __name__ == "__main__":
    main()
