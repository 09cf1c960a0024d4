"""Bands and percentiles cut from the scores of a project's latest leads: a hot list as long as the team can call.

A bundle's own thresholds are made once; when the base rate moves they would call nearly everybody hot, or nobody. So as
soon as enough leads were scored by the bundle in force, hot is the share its operating point keeps for the team, and
warm the next share. They are cut from what leads were when new, of those that came lately: who stays open grows colder, and makes
no room for others. Probabilities stay what the bundle says. Rules and queries; whose turn it is `loop.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, TextClause, func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.order import refer_to
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.hub import Hub
from cloud_sync.spans import has_passed
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel
from cloud_sync.store.models.crm import SCORED
from cloud_sync.store.types import JsonObject
from kits.core.ranked import threshold_for
from kits.core.ready import ReadyBundle

Floats = NDArray[np.float64]
Conditions: TypeAlias = tuple[ColumnElement[bool] | TextClause, ...]
WINDOW = timedelta(days=30)
FEWEST, MOST = 200, 5_000
"""Leads that are cut from: fewer say too little, and the latest ones suffice."""
RECUT = timedelta(hours=1)
"""No sooner are bands cut anew, …"""
GROWN = 2
"""… unless so many times the leads were scored: the first ones by a new bundle are those with the newest events, who are not as all."""
AT_ONCE = 200
"""Leads whose band is changed in one transaction, so that writes come at a bounded rate."""
SHARES = ("capacity", "warm_capacity")
"""Rates of an operating point: the share of leads that is hot, and the one that is warm."""
_STEPS = 101
_VERDICTS: Mapping[str, str] = {"hot": "act", "warm": "review", "cold": "pass"}


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut in force.

    Attributes:
        hot, warm: the lowest probabilities of both bands.
        n: leads it was made from.
        quantiles: of their probabilities, at equal steps from 0 to 1.
    """

    bundle: str
    hot: float
    warm: float
    n: int
    at: datetime
    quantiles: tuple[float, ...]

    def band(self, probability: float) -> str:
        """Hot, warm or cold."""
        return "hot" if probability >= self.hot else "warm" if probability >= self.warm else "cold"

    def percentile(self, probability: float) -> float:
        """Share of the leads it was made from that were scored lower, 0 to 1; ties count half."""
        below, upto = (
            int(np.searchsorted(self.quantiles, probability, side)) for side in ("left", "right")
        )
        if below != upto:
            return (below + upto - 1) / 2 / (len(self.quantiles) - 1)
        places = np.linspace(0.0, 1.0, len(self.quantiles))
        return float(np.interp(probability, self.quantiles, places))

    def applied(self, score: LeadScore) -> LeadScore:
        """The score with its place among the latest leads; that of another bundle stays what it is."""
        if score.probability is None or score.bundle != self.bundle:
            return score
        band = self.band(score.probability)
        return replace(
            score,
            band=band,
            verdict=_VERDICTS[band],
            percentile=self.percentile(score.probability),
        )

    def as_json(self) -> JsonObject:
        """As it is stored."""
        return {
            "bundle": self.bundle, "hot": self.hot, "warm": self.warm, "n": self.n,
            "at": self.at.isoformat(), "quantiles": list(self.quantiles),
        }  # fmt: skip


def cut_of(scores: Floats, shares: tuple[float, float], bundle: str, now: datetime) -> Cut | None:
    """A cut from (n,) probabilities; None where they are too few.

    Args:
        shares: of leads that are hot, and of those that are warm after them.
    """
    if len(scores) < FEWEST:
        return None
    hot = threshold_for(scores, shares[0])
    quantiles = np.quantile(scores, np.linspace(0.0, 1.0, _STEPS))
    return Cut(
        bundle, hot, min(hot, threshold_for(scores, min(1.0, sum(shares)))), len(scores), now,
        tuple(round(float(one), 6) for one in quantiles),
    )  # fmt: skip


def shares_of(ready: ReadyBundle) -> tuple[float, float] | None:
    """What the bundle's operating point keeps for the team; None: it keeps no share."""
    rates = ready.bundle.operating_point.rates
    hot, warm = (rates.get(name) for name in SHARES)
    return (hot.value, warm.value) if hot is not None and warm is not None else None


def in_force(session: Session, project: str, bundle: str) -> Cut | None:
    """The cut of the project's leads by this bundle; None: the bundle's own thresholds count."""
    row = session.get(LeadModel, project)
    return _read(row.cut, bundle) if row is not None else None


def cut_of_model(row: LeadModel) -> Cut | None:
    """As `in_force`, of the bundle in force."""
    return _read(row.cut, row.bundle)


def cuts(session: Session) -> dict[str, Cut]:
    """Connection → the cut of its leads; missing where the bundle's own thresholds count."""
    query = select(CrmConnection.name, LeadModel).join(
        LeadModel, LeadModel.project == CrmConnection.project
    )
    found = {name: cut_of_model(row) for name, row in session.execute(query)}
    return {name: cut for name, cut in found.items() if cut is not None}


def place_of(lead: CrmLead, cut: Cut | None) -> float | None:
    """Its percentile among the leads of the cut in force; of one that is not open, or of another bundle, what was said.

    A new cut moves the places of all leads, and stores those of leads whose band changes alone.
    """
    chance = lead.probability
    if cut is None or chance is None or (lead.state, lead.bundle) != (storing.OPEN, cut.bundle):
        return lead.percentile
    return cut.percentile(chance)


def _read(told: JsonObject, bundle: str) -> Cut | None:
    if told.get("bundle") != bundle:
        return None
    hot, warm, n, quantiles = (told[name] for name in ("hot", "warm", "n", "quantiles"))
    assert isinstance(hot, int | float) and isinstance(warm, int | float)
    assert isinstance(n, int) and isinstance(quantiles, list)
    at = datetime.fromisoformat(str(told["at"]))
    return Cut(
        bundle, float(hot), float(warm), n, at,
        tuple(float(one) for one in quantiles if isinstance(one, int | float)),
    )  # fmt: skip


def recut(hub: Hub, project: str, ready: ReadyBundle, now: datetime) -> Cut | None:
    """The cut in force, made anew where it does not last (`RECUT`, `GROWN`); None: the bundle's own thresholds count."""
    shares = shares_of(ready)
    with hub.database.session() as session:
        known = in_force(session, project, ready.id)
        if shares is None or (known is not None and _lasts(session, project, known, now)):
            return known
        made = cut_of(_latest(session, project, ready.id, now), shares, ready.id, now)
    if made is None:
        return known
    with hub.database.transaction() as session:
        row = session.get(LeadModel, project, with_for_update=True)
        if row is None or row.bundle != ready.id:
            return known
        row.cut = made.as_json()
    return made


def _lasts(session: Session, project: str, cut: Cut, now: datetime) -> bool:
    """Whether a cut is neither old nor made from few of those that are scored by now."""
    if has_passed(cut.at, RECUT, now):
        return False
    enough = GROWN * cut.n
    if enough > MOST:
        return True
    query = _pool(session, project, cut.bundle, now).offset(enough - 1).limit(1)
    return session.scalar(query) is None


def _latest(session: Session, project: str, bundle: str, now: datetime) -> Floats:
    """(n,) probabilities of the leads that the bundle scored last, decided ones too, as they were when new."""
    query = _pool(session, project, bundle, now).limit(MOST)
    query = query.order_by(CrmLead.scored_at.desc(), CrmLead.connection, CrmLead.object_id)
    return np.array(session.scalars(query).all(), dtype=np.float64)


def _pool(session: Session, project: str, bundle: str, now: datetime) -> Select[float | None]:
    """Of the leads that the bundle scored lately those that came lately, too; all, where these are too few."""
    scored = _scored(project, bundle, now)
    came = scored.where(CrmLead.asked_at >= now - WINDOW)
    return scored if session.scalar(came.offset(FEWEST - 1).limit(1)) is None else came


def _scored(project: str, bundle: str, now: datetime) -> Select[float | None]:
    return (
        select(func.coalesce(CrmLead.probability_when_new, CrmLead.probability))
        .join(CrmConnection, CrmConnection.name == CrmLead.connection)
        .where(CrmConnection.project == project, CrmLead.bundle == bundle)
        .where(CrmLead.probability.is_not(None), CrmLead.scored_at >= now - WINDOW)
    )


def reband(hub: Hub, connection: str, cut: Cut, now: datetime) -> int:
    """Puts open leads into the bands of a cut, so many at once; how many. Only a band that changes is written."""
    with hub.database.session() as session:
        if not any(_some(session, wrong) for wrong in _wrong(connection, cut)):
            return 0
    with hub.database.transaction() as session:
        refer_to(session, connection)
        row = session.get_one(CrmConnection, connection)
        rules = storing.Rules.of(CrmSettings.model_validate(row.settings))
        leads: list[CrmLead] = []
        for wrong in _wrong(connection, cut):
            query = select(CrmLead).where(*wrong).order_by(CrmLead.probability.desc())
            query = query.limit(AT_ONCE - len(leads)).with_for_update(skip_locked=True)
            leads += session.scalars(query)
        for lead in leads:
            assert lead.probability is not None
            before = storing.shown_band(lead)
            lead.band = cut.band(lead.probability)
            lead.percentile = cut.percentile(lead.probability)
            if storing.shown_band(lead) != before:
                lead.version += 1
                first = storing.goes_first(lead)
                storing.mark_write(lead, rules, lead.write_at or now)
                lead.write_behind = not first
                session.add(storing.course_of(lead, now))
        return len(leads)


def _some(session: Session, wanted: Conditions) -> bool:
    return session.scalar(select(CrmLead.object_id).where(*wanted).limit(1)) is not None


def _wrong(connection: str, cut: Cut) -> list[Conditions]:
    """Open leads of the cut's bundle in another band than it says: any of these will do, each is a stretch of an index."""
    chance = CrmLead.probability
    mine = (
        SCORED, CrmLead.connection == connection, CrmLead.bundle == cut.bundle,
        CrmLead.lease_owner == "",
    )  # fmt: skip
    return [
        (*mine, CrmLead.band == band, beyond)
        for band, beyond in (
            ("warm", chance >= cut.hot), ("cold", chance >= cut.warm),
            ("warm", chance < cut.warm), ("hot", chance < cut.hot),
        )
    ]  # fmt: skip


def shown(told: JsonObject, bundle: str) -> JsonValue:
    """For API and pages: where the bands begin and what that was made from; None: the bundle's own thresholds count."""
    cut = _read(told, bundle)
    if cut is None:
        return None
    return {"hot": cut.hot, "warm": cut.warm, "leads": cut.n, "at": cut.at.isoformat()}
