"""Builders for tests of leads: a bundle of a plain rule, a CRM in memory, a hub with both and a connection.

The rule stands where a kit's runtime stands, so that tests can say beforehand what a lead's points are: `size` in per
cent. What a real bundle computes is tested with the kit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.crm.client.budget import Budget
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.kinds.base import Listed, Listing, Page, Record, ScoreWrite, WriteOutcome
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Blob, Bundle, CrmConnection, CrmLead, Project, Release
from kits.core import belongings
from kits.core import bundle as formats
from kits.core.bundle import GoldenSample, GoldenSet
from kits.core.errors import DataError
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction, Quantity, Reason, prediction_to_json
from kits.core.ready import ReadyBundle
from kits.core.releases import target_path
from kits.core.runtime import Payload, StageTimes
from kits.core.sample import digest_of, utc_now
from kits.core.stats import Estimate
from tests.cloud_sync.fleet_builders import AT, make_hub

LEADS = "leads"
"""The project."""
SALES = "sales"
"""The connection."""
HOT, WARM = 0.6, 0.3
DAY_S = 86_400.0
NO_SCORING = "no_scoring"
"""The column in which a yes says that a lead is not to be scored."""


@dataclass
class Rule:
    """A runtime: the probability is `size` per cent times `factor`; it learned from cities in small letters.

    Attributes:
        ages: a lead that stays open loses a hundredth of it each day, and a fifth remains.
        lost_after_days: leads that nobody had closed counted as lost after so many days; 0: somebody closes them.
    """

    factor: float = 1.0
    objecting: tuple[str, ...] = ()
    ages: bool = False
    lost_after_days: float = 0.0

    def decode(self, content: bytes, media_type: str) -> Payload:
        told: dict[str, JsonValue] = json.loads(content)
        if not isinstance(told.get("fields"), dict):
            raise DataError("a lead without fields", where="fields")
        return told

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        return json.dumps(payload).encode(), "application/json"

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self._one(payload) for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        return self._one(payload), StageTimes(0.0, 0.0, 0.0)

    def _one(self, payload: Payload) -> Prediction:
        assert isinstance(payload, Mapping)
        fields = payload["fields"]
        assert isinstance(fields, dict)
        if fields.get(NO_SCORING) is True:
            return Prediction(float("nan"), details={"opted_out": True})
        size = fields.get("size")
        if not isinstance(size, int | float):
            raise DataError("size is not a number", where="fields.size")
        new = min(max(self.factor * size / 100, 0.01), 0.99)
        days = days_open(payload) if self.ages else None
        p = new if days is None else new * max(0.2, 1 - days / 100)
        band = "hot" if p >= HOT else "warm" if p >= WARM else "cold"
        return Prediction(
            p, label="won" if p >= 0.5 else "lost", probabilities={"won": p, "lost": 1 - p},
            quantities=(
                Quantity("probability", p, "", max(p - 0.05, 0.0), min(p + 0.05, 1.0), 0.8),
                Quantity("points", round(100 * p), ""), Quantity("percentile", 100 * p, "%"),
            ),
            reasons=(
                Reason(
                    f"size is {size:g}", 4 * p - 2, "size", size, "for" if p >= 0.5 else "against"
                ),
            ),
            details={
                "band": band, "points": round(100 * p), "percentile": p, "base_rate": 0.3,
                "hints": ["ask for the budget"], "unknown_fields": ["country"],
                "new_values": ["city"] if str(fields.get("city", "Bern")).isupper() else [],
                "unreadable_fields": ["visited"] if fields.get("visited") == "soon" else [],
                **({} if days is None else of_age(days, new)),
            },
        )  # fmt: skip


def days_open(payload: Mapping[str, JsonValue]) -> float | None:
    """How long a lead has been open; None: it does not say when it came."""
    if "created_at" not in payload:
        return None
    at, came = (datetime.fromisoformat(str(payload[key])) for key in ("at", "created_at"))
    return (at - came) / timedelta(days=1)


def of_age(days: float, new: float) -> dict[str, JsonValue]:
    """What the kit's runtime says of a lead whose age is known."""
    return {
        "days_open": days, "probability_when_new": new, "holds_for_days": 10.0 if days < 80 else None,
    }  # fmt: skip


def make_rule(bundle: formats.Bundle) -> ReadyBundle:
    """In place of `make_ready`: what `models.py` is given."""
    factor = bundle.manifest.config["factor"]
    assert isinstance(factor, int | float)
    heeds = bundle.manifest.config.get("heeds")
    ages = bundle.manifest.config.get("ages") is True
    return ReadyBundle(bundle, Rule(float(factor), (NO_SCORING,) if heeds else (), ages))


def by_lot(share: float) -> dict[str, Estimate]:
    """Of an operating point: the share of leads that is called by lot."""
    return {"exploration": Estimate(value=share, low=share, high=share, n=100, method="stated")}


def lead_bundle(
    version: int = 1,
    factor: float = 1.0,
    golden_score: float | None = None,
    rates: Mapping[str, Estimate] | None = None,
    *,
    heeds: bool = False,
    ages: bool = False,
) -> bytes:
    """A real bundle of the rule; `golden_score` other than its own makes the golden sample fail; `heeds`: it says by which
    column it hears who is not to be scored; `ages`: leads that stay open lose by it."""
    lead = b'{"id":"g","fields":{"size":50}}'
    prediction = Rule(factor).predict([json.loads(lead)])[0]
    if golden_score is not None:
        prediction = replace(prediction, score=golden_score)
    manifest = formats.BundleManifest(
        kit="lead-scoring", name=LEADS, project=LEADS, version=version, created_at=AT,
        media_types=("application/json",), labels=("won", "lost"), artefacts=(),
        config={"factor": factor, "heeds": heeds, "ages": ages}, dataset="", seed=1, run="run-1",
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=HOT, review_from=WARM), action="write", method="test", dataset="d", seed=1,
        rates={**by_lot(0.05), **(rates or {})},
    )  # fmt: skip
    golden = GoldenSample(
        path="golden/0.json", media_type="application/json",
        prediction=prediction_to_json(prediction), verdict=point.decide(prediction).verdict,
    )  # fmt: skip
    files = {"golden/0.json": lead, "card.md": b"# card", belongings.NAME: b"%d" % version}
    return formats.pack(manifest, point, GoldenSet(samples=(golden,)), files)


def release_bundle(hub: Hub, content: bytes) -> str:
    """Registers a bundle of leads and releases it under its version; its id."""
    opened = formats.open_bytes(content)
    digest = hub.storage.put(content)
    version = opened.manifest.version
    with hub.database.transaction() as session:
        if session.get(Project, LEADS) is None:
            session.add(Project(name=LEADS, kit="lead-scoring"))
        session.add(Blob(digest=digest, size=len(content)))
        session.flush()
        for row in session.query(Bundle).where(Bundle.project == LEADS):
            row.champion = False
        session.add(
            Bundle(
                id=opened.id, project=LEADS, name=LEADS, version=version, kit="lead-scoring",
                blob=digest, size=len(content), origin="publisher", champion=True,
                approved_by="ada", approved_at=utc_now(),
            )
        )  # fmt: skip
        session.flush()
        session.add(
            Release(
                target=target_path(LEADS, version), project=LEADS, release=version, bundle=opened.id
            )
        )
    return opened.id


@dataclass
class MemoryCrm:
    """A CRM that holds its records in memory and can be down, with what it was asked; `poison`: an id it refuses."""

    records: dict[str, Record] = field(default_factory=dict)
    down: DeliveryError | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    kind: str = "webhook"
    batch: int = 50
    polls: bool = False
    poison: str = ""
    poisoned: RefusedError = field(default_factory=lambda: RefusedError("not an id", status=400, retry=False))  # fmt: skip
    singly: bool = False
    budget: Budget = field(default_factory=lambda: Budget(1e6, where=SALES))

    def put(self, name: str, at: datetime = AT, /, **changes: object) -> None:
        """A record, or the same with changes; `size` and other lower-case names are its fields."""
        known = self.records.get(name) or Record(name, {}, at)
        own = {
            key: changes.pop(key)
            for key in ("outcome", "outcome_at", "opted_out", "created_at")
            if key in changes
        }
        fields: dict[str, JsonValue] = {**known.fields, **changes}  # type: ignore[dict-item]
        self.records[name] = replace(known, fields=fields, modified_at=at, **own)  # type: ignore[arg-type]

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        self.asked.append(tuple(object_ids))
        if self.down is not None:
            raise self.down
        if self.poison in object_ids:
            raise self.poisoned
        return [self.records[name] for name in object_ids if name in self.records]

    def labels(self) -> Mapping[str, str]:
        return {}

    def changed_since(self, cursor: str) -> Page:
        return Page((), cursor)

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        if self.down is not None:
            raise self.down
        below = [n for n in sorted(self.records, reverse=True) if not cursor or n < cursor]
        names = [n for n in below if since is None or self.records[n].modified_at >= since]
        page = [self.records[name] for name in names[: self.batch]]
        named = tuple(Listed(one.object_id, one.modified_at, bool(one.outcome)) for one in page)
        return Listing(named, page[-1].object_id if page else "", len(names) > len(page))

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        return [WriteOutcome(one.object_id, True) for one in writes]

    def make_fields(self) -> list[Check]:
        return []

    def check(self) -> list[Check]:
        return []


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = utc_now()

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at


@dataclass
class LeadHub:
    """A hub with a connection, a CRM and the loop that scores."""

    hub: Hub
    crm: MemoryCrm
    models: LeadModels
    clock: Clock
    scoring: LeadScoring

    def due(self, *names: str, connection: str = SALES) -> None:
        """An event of each lead has come."""
        with self.hub.database.transaction() as session:
            for name in names:
                row = session.get(CrmLead, (connection, name))
                if row is None:
                    row = CrmLead(connection=connection, object_id=name)
                    session.add(row)
                row.due_at, row.seen_at = self.clock(), self.clock()
                row.due_mark = (row.due_mark or 0) + 1

    def score(self, *names: str) -> None:
        """Makes them due and scores until nothing is left."""
        self.due(*names)
        self.drain()

    def drain(self) -> None:
        for _ in range(1000):
            if not self.scoring.step():
                return
        raise AssertionError("the loop never comes to rest")

    def judged_with(self, share: float, version: int = 2) -> None:
        """A bundle is in force that was judged with this share by lot."""
        release_bundle(self.hub, lead_bundle(version, rates=by_lot(share)))
        self.models.look(LEADS)

    def heeds(self) -> None:
        """A bundle is in force that says by which column it hears who is not to be scored."""
        release_bundle(self.hub, lead_bundle(2, heeds=True))
        self.models.look(LEADS)

    def lead(self, name: str, connection: str = SALES) -> CrmLead:
        with self.hub.database.session() as session:
            return session.get_one(CrmLead, (connection, name))

    def leads(self) -> dict[str, CrmLead]:
        """All of the connection's, by their numbers."""
        with self.hub.database.session() as session:
            found = session.scalars(select(CrmLead).where(CrmLead.connection == SALES))
            return {row.object_id: row for row in found}

    def connection(self) -> CrmConnection:
        with self.hub.database.session() as session:
            return session.get_one(CrmConnection, SALES)


@contextmanager
def lead_hub(folder: Path, url: str = "", **settings: object) -> Iterator[LeadHub]:
    """With a bundle in force."""
    with make_hub(
        folder, database_url=url if url.startswith("postgres") else "", **settings
    ) as hub:
        yield with_leads(hub)


def with_leads(
    hub: Hub,
    crm: MemoryCrm | None = None,
    bundle: bytes = b"",
    make: Callable[[formats.Bundle], ReadyBundle] = make_rule,
) -> LeadHub:
    """Gives a hub a bundle, the rule's or another, a connection and the loop."""
    release_bundle(hub, bundle or lead_bundle())
    with hub.database.transaction() as session:
        session.add(
            CrmConnection(name=SALES, kind="webhook", settings={"kind": "webhook"}, project=LEADS)
        )
    crm, clock = crm or MemoryCrm(), Clock()
    models = LeadModels(hub, make=make)
    scoring = LeadScoring(hub, models, lambda _connection: crm, now=clock)
    return LeadHub(hub, crm, models, clock, scoring)


def sweep_whole(hub: Hub, sweeping: Sweeping, clock: Clock) -> None:
    """The next sweep, a day later, and one that lists everything."""
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, SALES).swept_to = None
    clock.tick(DAY_S + 60)
    while sweeping.serve(SALES)[0]:
        clock.tick(10)


def digest(content: bytes) -> str:
    return digest_of(content)
