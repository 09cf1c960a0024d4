"""A lead-scoring bundle at work: leads → how likely each is won, how sure that is, and why. Hub and agent run this file.

It composes encoder, models and reasons; no trainer, no dataset, no network. Which leads are hot is the operating
point's; what is written into a CRM is the hub's.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from pydantic import JsonValue

from kits.core.bundle import Bundle
from kits.core.errors import BundleError, DataError
from kits.core.operating_point import OperatingPoint
from kits.core.prediction import Prediction, Quantity
from kits.core.runtime import Payload, Runtime, SessionFactory, Skew, StageTimes
from kits.lead_scoring._features.cells import to_truth
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.keeping import worth_keeping
from kits.lead_scoring._features.texts import read_texts
from kits.lead_scoring._features.usual import skews
from kits.lead_scoring._lead import (
    LOST,
    MEDIA_TYPE,
    WON,
    Lead,
    decode_lead,
    encode_lead,
    lead_from_json,
)
from kits.lead_scoring._mailbox import domain_of
from kits.lead_scoring._models import trees
from kits.lead_scoring._models.scorer import Scored, Scorer
from kits.lead_scoring._models.spec import Tried
from kits.lead_scoring._models.still_open import STILL_OPEN, adds, holds_for, step_of, won_by
from kits.lead_scoring._no_lead import taken_for
from kits.lead_scoring._objecting import objects
from kits.lead_scoring._places import Places, points_of
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._reasons.naming import called
from kits.lead_scoring._reasons.spec import Tally
from kits.lead_scoring._shown import shown
from kits.lead_scoring._spec import BACKTEST_FILE, TREES_ROLE, LeadSpec
from kits.lead_scoring._stand_ins import made_among, source_of, with_stand_ins
from kits.lead_scoring.config import TeamConfig

__all__ = ["MEDIA_TYPE", "LeadRuntime", "LeadSpec", "load", "shown"]


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> Runtime:
    """The runtime of a bundle.

    Raises:
        BundleError: its config is not one of this kit, or a file or model is missing or does not fit.
    """
    spec = bundle.config_as(LeadSpec)
    arrays = session = None
    if spec.model.trees:
        stored = bundle.files.get(trees.FILE)
        if stored is None:
            raise BundleError("the bundle lacks its trees", where=trees.FILE)
        arrays = trees.trees_from_bytes(stored)
        session = sessions(bundle.artefact(TREES_ROLE, target))
    scorer = Scorer(spec.model, Encoder(spec.encoder), arrays, session)
    stored = bundle.files.get(BACKTEST_FILE, b"")
    return LeadRuntime(spec, scorer, Explainer(spec.reasons), bundle.operating_point, stored)


@dataclass(frozen=True)
class LeadRuntime:
    """`Runtime` of this kit.

    Attributes:
        point: which leads are hot and which are warm.
        stored_backtest: bytes of `backtest.json`.
    """

    spec: LeadSpec
    scorer: Scorer
    explainer: Explainer
    point: OperatingPoint
    stored_backtest: bytes = field(default=b"", repr=False)

    def decode(self, content: bytes, media_type: str) -> Payload:
        """A lead's JSON. Raises DataError when it is not one."""
        del media_type  # leads have one form
        decode_lead(content)
        return content

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        """The lead as it is worth keeping: what this bundle looks at, in the form an import would have it."""
        lead = self._lead(payload)[0]
        kept = worth_keeping(lead, self.spec.encoder.columns, self.spec.opt_out)
        return encode_lead(kept), MEDIA_TYPE

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per lead, which is bytes or `{"id": …, "fields": {…}, "at": …, "created_at": …}`. Raises DataError for one that is none."""
        return self._predict([self._lead(payload) for payload in payloads])

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction with the time of each stage: reading, models, words.

        Raises:
            DataError: it is not a lead.
        """
        started = time.perf_counter()
        lead, unreadable = self._lead(payload)
        read = time.perf_counter()
        if self.opted_out(lead):
            ended = time.perf_counter()
            return self._not_scored(lead), StageTimes(
                1e3 * (read - started), 0.0, 1e3 * (ended - read)
            )
        scored = self.scorer.score([lead])
        decided = time.perf_counter()
        told = self._told(lead, unreadable, scored[0], self._hints([lead], scored)[0])
        ended = time.perf_counter()
        times = StageTimes(1e3 * (read - started), 1e3 * (decided - read), 1e3 * (ended - decided))
        return told, times

    @cached_property
    def backtest(self) -> Mapping[str, float]:
        """Sample id → probability by a model that had not seen that lead, for leads of the bundle's own dataset.

        Raises:
            BundleError: the bundle's backtest is malformed.
        """
        return self._backtested("probabilities")

    @cached_property
    def backtest_of_whole_year(self) -> Mapping[str, float]:
        """The same without the time of year, of leads whose model knew one.

        Raises:
            BundleError: the bundle's backtest is malformed.
        """
        return self._backtested("whole_year") if b'"whole_year"' in self.stored_backtest else {}

    def _backtested(self, what: str) -> dict[str, float]:
        if not self.stored_backtest:
            return {}
        try:
            found = json.loads(self.stored_backtest)[what]
            return {str(name): float(value) for name, value in found.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BundleError("the bundle's backtest is malformed", where=BACKTEST_FILE) from error

    @property
    def learned_until(self) -> float:
        """When the latest lead came that the models learned from, seconds since 1970; infinite: their data had no clock."""
        last = self.spec.trained_on.last
        return datetime.fromisoformat(last).timestamp() if last else math.inf

    @property
    def team(self) -> TeamConfig:
        """What the team can do, and what a lead is worth."""
        return self.spec.team

    @property
    def court(self) -> Mapping[str, JsonValue]:
        """Verdicts on columns, as the court wrote them."""
        return self.spec.court

    @property
    def tried(self) -> tuple[Tried, ...]:
        """Models that were tried, the one taken first."""
        return self.spec.tried

    @property
    def still_open(self) -> Mapping[float, tuple[Tally, float]]:
        """Age in days → leads that were still open then and what became of them, and the log-odds it adds; empty: none is reckoned."""
        known, spec = self.spec.reasons.columns.get(STILL_OPEN), self.spec.model.still_open
        if known is None or spec is None:
            return {}
        ages = (0.0, *known.cuts)
        return dict(zip(ages, zip(known.bins, adds(spec, np.array(ages)).tolist())))

    def won_by(self, chances: Sequence[float], days: Sequence[float]) -> Sequence[float]:
        """How likely leads of such chances have been won so many days after they came; nothing: it is not known how long that takes."""
        spec, known = self.spec.model.still_open, self.still_open
        if spec is None or not known:
            return ()
        left = {age: tally.won / known[0.0][0].won for age, (tally, _) in known.items()}
        never = 0.0 if self.lost_after_days else spec.never  # by their age these are among the lost
        found = won_by(np.array(chances), np.array(days), left, never)
        return tuple(found.tolist())

    @property
    def lost_after_days(self) -> float:
        """Days after which leads counted as lost that nobody had closed; 0: none did."""
        return self.spec.lost_after_days

    @property
    def protected(self) -> tuple[str, ...]:
        """Columns that are never learned from, and reported by group."""
        return self.spec.protected

    @property
    def objecting(self) -> tuple[str, ...]:
        """Columns in which a yes says that a person is not to be scored."""
        return self.spec.opt_out

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that decide, and those that say a person is not to be scored."""
        own = [source_of(column.name) for column in self.spec.encoder.columns]
        return tuple(dict.fromkeys([*own, *self.spec.opt_out]))

    @property
    def taken(self) -> frozenset[str]:
        """`columns`, and what some of them may come as: kinds of mailboxes, whether a phone number was left."""
        return frozenset(self.columns).union(one.name for one in self.spec.encoder.columns)

    def has_met(self, column: str, value: str) -> bool:
        """Whether a column held this value in training; of one that says who is not scored, whether it says yes or no."""
        if column in self.spec.opt_out:
            return not math.isnan(to_truth(value))
        return self.scorer.encoder.has_met(column, value)

    def skews(self, payloads: Sequence[Payload]) -> tuple[Skew, ...]:
        """Columns in which these leads are unlike those learned from. Raises DataError for one that is no lead."""
        leads = [self._lead(payload)[0] for payload in payloads]
        return skews(
            self.spec.encoder.columns,
            self.spec.usual,
            [lead for lead in leads if not self.opted_out(lead)],
        )

    @property
    def sifts(self) -> bool:
        """Whether test leads and the firm's own people are left out of what is learned from."""
        return self.spec.source.test_leads == "leave-out"

    def taken_for(self, said: Sequence[str]) -> str:
        """What a lead is taken for by its addresses and the parts of its name; empty: for a lead."""
        addresses = [one for one in said if "@" in one]
        names = [one for one in said if "@" not in one]
        return taken_for(addresses, names, frozenset(map(domain_of, self.spec.source.own_domains)))

    def speaking(self, labels: Mapping[str, str]) -> LeadRuntime:
        """The same with reasons that call columns so, where their words were only made of their names."""
        return replace(self, explainer=Explainer(called(self.spec.reasons, labels)))

    @cached_property
    def places(self) -> Places:
        """Where probabilities stand: in the team's capacity, and among other leads."""
        return Places(self.point.default, np.array(self.spec.quantiles, dtype=np.float64))

    @cached_property
    def _made(self) -> tuple[str, ...]:
        return made_among(column.name for column in self.spec.encoder.columns)

    def _lead(self, payload: Payload) -> tuple[Lead, tuple[str, ...]]:
        """The lead with its texts read, and the columns in which something cannot be read."""
        lead = with_stand_ins(_lead(payload), self._made)
        return read_texts(lead, self.spec.encoder.columns, self.spec.written)

    def opted_out(self, lead: Lead) -> bool:
        """Whether the lead says that it is not to be scored."""
        return objects(lead, self.spec.opt_out)

    def _predict(self, read: Sequence[tuple[Lead, tuple[str, ...]]]) -> list[Prediction]:
        willing = [(lead, odd) for lead, odd in read if not self.opted_out(lead)]
        asked = [lead for lead, _ in willing]
        scored = self.scorer.score(asked)
        found = zip(willing, scored, self._hints(asked, scored))
        told = iter([self._told(lead, odd, score, hints) for (lead, odd), score, hints in found])
        return [self._not_scored(lead) if self.opted_out(lead) else next(told) for lead, _ in read]

    def _not_scored(self, lead: Lead) -> Prediction:
        """A person who does not want to be scored: no number, and nobody decides by it."""
        return Prediction(
            score=math.nan, details={"opted_out": True, "unheard_fields": self._unheard(lead)}
        )

    def _unheard(self, lead: Lead) -> list[JsonValue]:
        """Columns that would say that it is not to be scored, and that it does not have at all."""
        return [name for name in self.objecting if name not in lead.fields]

    def _hints(self, leads: Sequence[Lead], scored: Sequence[Scored]) -> list[tuple[str, ...]]:
        """Hints for all leads, whose trials are scored together."""
        trials = [self.explainer.trials(lead) for lead in leads]
        together = [trial.lead for own in trials for trial in own]
        chances = self.scorer.probabilities(together).tolist() if together else []
        found, start = [], 0
        for score, own in zip(scored, trials):
            end = start + len(own)
            found.append(self.explainer.hints_of(score.probability, own, chances[start:end]))
            start = end
        return found

    def _told(
        self, lead: Lead, unreadable: Sequence[str], scored: Scored, hints: Sequence[str]
    ) -> Prediction:
        chance, whole_year = scored.probability, scored.whole_year
        percentile = self.places.percentile(whole_year)
        details: dict[str, JsonValue] = {
            "band": self.places.band(whole_year),
            "percentile": percentile,
            "points": points_of(chance),
            **self._of_age(lead, scored),
            "base_rate": self.spec.base_rate,
            "logit": scored.logit,
            "base_logit": scored.base_logit,
            "hints": list(hints),
            "unknown_fields": list(self.scorer.encoder.unknown(lead)),
            "unheard_fields": self._unheard(lead),
            "new_values": list(self.scorer.encoder.new_values(lead)),
            "unreadable_fields": list(unreadable),
            "opted_out": False,
        }
        return Prediction(
            score=whole_year,
            label=WON if chance >= 0.5 else LOST,
            probabilities={WON: chance, LOST: 1 - chance},
            quantities=self._quantities(scored, percentile),
            reasons=self.explainer.reasons(lead, scored.contributions, chance=chance),
            details=details,
        )

    def _of_age(self, lead: Lead, scored: Scored) -> dict[str, JsonValue]:
        """What the chance was when it came, and how long the one it has now holds; of leads alone whose age is said."""
        spec = self.spec.model.still_open
        if spec is None or math.isnan(lead.days_open):
            return {}
        return {
            "days_open": round(lead.days_open, 3),
            "probability_when_new": scored.when_new,
            "holds_for_days": holds_for(spec, lead.days_open, step_of(scored.probability)),
        }

    def _quantities(self, one: Scored, percentile: float) -> tuple[Quantity, ...]:
        confidence = self.spec.model.interval.confidence
        return (
            Quantity("probability", one.probability, "", one.low, one.high, confidence),
            Quantity("points", float(points_of(one.probability)), ""),
            Quantity("percentile", 100 * percentile, "%"),
        )


def _lead(payload: Payload) -> Lead:
    if isinstance(payload, bytes):
        return decode_lead(payload)
    if isinstance(payload, Mapping):
        return lead_from_json(payload)
    raise DataError("this kit takes leads as JSON", fix=f"send {MEDIA_TYPE}")
