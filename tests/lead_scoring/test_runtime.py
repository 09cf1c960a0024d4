"""A bundle at work: JSON leads in, scores with intervals, reasons and places out; hostile ones refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

import kits
from kits.core.bundle import Bundle, open_bytes
from kits.core.errors import BundleError, DataError
from kits.core.prediction import Prediction
from kits.core.runtime import Heeds, Takes, cpu_session
from kits.lead_scoring._features.spec import ChoiceColumn, TruthColumn
from kits.lead_scoring._lead import Lead, lead_from_json
from kits.lead_scoring._models.spec import SeasonSpec
from kits.lead_scoring._places import points_of
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring._stand_ins import AREA, GIVEN, KIND
from kits.lead_scoring._units import names_learned
from kits.lead_scoring.config import ColumnsConfig
from kits.lead_scoring.runtime import LeadRuntime, LeadSpec, load
from tests.lead_scoring.trained_leads import HOT, WARM, as_lead, outcome_of, runtime_of

N = 2_400
APPROACHES = ("logistic", "trees", "mean")


def some_leads(n: int = 60) -> list[Lead]:
    return [as_lead(one) for one in make_leads(99, n)]


def as_json(lead: Lead) -> dict[str, JsonValue]:
    at = lead.at.isoformat() if lead.at is not None else None
    return {"id": lead.id, "fields": dict(lead.fields), "at": at}


def asked(identity: str = "1", **fields: JsonValue) -> dict[str, JsonValue]:
    """A lead as JSON."""
    return {"id": identity, "fields": fields}


def predictions(n: int = 60) -> list[Prediction]:
    return runtime_of(N).predict([as_json(lead) for lead in some_leads(n)])


@pytest.mark.parametrize("approach", APPROACHES)
def test_base_and_contributions_are_the_log_odds(approach: str) -> None:
    scorer = runtime_of(N, approach).scorer
    for one in scorer.score(some_leads()):
        total = one.base_logit + sum(one.contributions.values())
        assert total == pytest.approx(one.logit, abs=1e-9)
        assert 1 / (1 + math.exp(-one.logit)) == pytest.approx(one.probability)
        assert one.low <= one.probability <= one.high


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_contributions_stay_exact_through_each_calibrator(method: str) -> None:
    scorer = runtime_of(N).scorer
    curve = {"knots": (-6.0, -2.0, 0.0, 3.0), "values": (-5.0, -2.5, 0.5, 2.0)}
    calibrator = scorer.spec.calibrator.model_copy(
        update={"method": method, "a": 0.7, "c": 1.2, "b": -0.3, **curve}
    )
    changed = replace(scorer, spec=scorer.spec.model_copy(update={"calibrator": calibrator}))
    for before, after in zip(scorer.score(some_leads()), changed.score(some_leads())):
        total = after.base_logit + sum(after.contributions.values())
        assert total == pytest.approx(after.logit, abs=1e-9)
        strongest = max(before.contributions, key=lambda name: abs(before.contributions[name]))
        assert before.contributions[strongest] * after.contributions[strongest] > 0


def test_the_time_of_year_moves_the_probability_and_not_the_place() -> None:
    plain = runtime_of(N)
    season = SeasonSpec(cosine=-0.8, sine=0.0, level=0.0)
    spec = plain.scorer.spec.model_copy(update={"season": season})
    runtime = replace(plain, scorer=replace(plain.scorer, spec=spec))
    lead = some_leads(1)[0]
    january, july = (
        runtime.predict(
            [as_json(replace(lead, at=datetime(2026, month, 10, tzinfo=timezone.utc)))]
        )[0]
        for month in (1, 7)
    )
    assert july.quantities[0].value > january.quantities[0].value + 0.05
    assert july.quantities[1].value > january.quantities[1].value + 5
    assert july.probabilities["won"] == july.quantities[0].value
    assert july.quantities[0].low <= july.quantities[0].value <= july.quantities[0].high
    for name in ("band", "percentile"):
        assert january.details[name] == july.details[name]
    assert january.score == july.score


@pytest.mark.parametrize("approach", APPROACHES)
def test_many_leads_at_once_score_as_one_by_one(approach: str) -> None:
    runtime, leads = runtime_of(N, approach), some_leads()
    together = [one.score for one in runtime.predict([as_json(lead) for lead in leads])]
    alone = [runtime.predict([as_json(lead)])[0].score for lead in leads]
    assert together == pytest.approx(alone, abs=1e-6)
    assert runtime.scorer.probabilities(leads).tolist() == pytest.approx(together, abs=1e-6)


def test_a_lead_asks_for_its_demo_and_that_is_a_reason() -> None:
    lead = asked(demo_requested="yes", pricing_page_views=4.0, website_visits=6.0)
    plain = asked(demo_requested="no", pricing_page_views=0.0, website_visits=6.0)
    eager, cool = runtime_of(N).predict([lead, plain])
    assert eager.score > cool.score
    assert "demo_requested" in {reason.field for reason in eager.reasons if reason.weight > 0}


def test_reasons_that_speak_with_the_score_come_first_and_say_so() -> None:
    for told in predictions():
        base = told.details["base_rate"]
        assert isinstance(base, float)
        side = "for" if told.score >= base else "against"
        sides = [reason.direction for reason in told.reasons]
        assert sides == sorted(sides, key=lambda one: one != side), (
            "what speaks with the score first"
        )
        assert sum(one != side for one in sides) <= 1
        assert all((one.direction == "for") == (one.weight > 0) for one in told.reasons)
        weights = [abs(one.weight) for one in told.reasons if one.direction == side]
        assert weights == sorted(weights, reverse=True)


def test_a_prediction_tells_place_band_and_interval() -> None:
    for one in predictions():
        figures = {quantity.name: quantity for quantity in one.quantities}
        chance = figures["probability"]
        assert chance.low is not None
        assert chance.high is not None
        assert 0 <= chance.low <= one.score <= chance.high <= 1
        assert chance.confidence == 0.9
        assert 1 <= figures["points"].value <= 99
        percentile = one.details["percentile"]
        assert isinstance(percentile, float)
        assert figures["percentile"].value == pytest.approx(100 * percentile)
        band = "hot" if one.score >= HOT else "warm" if one.score >= WARM else "cold"
        assert one.details["band"] == band
        assert one.label == ("won" if one.score >= 0.5 else "lost")


def test_percentiles_rise_with_the_score_and_are_spread_evenly() -> None:
    runtime = runtime_of(N)
    found = [runtime.places.percentile(chance) for chance in np.linspace(0, 1, 50)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0.0, 1.0)
    places = [runtime.places.percentile(chance) for chance in runtime.spec.quantiles]
    assert np.mean(places) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_lead_of_which_nothing_is_known_is_not_promised_to_be_won(approach: str) -> None:
    [found] = runtime_of(N, approach).predict([asked()])
    base = found.details["base_rate"]
    assert isinstance(base, float) and base / 4 < found.score < 1.5 * base
    assert not [reason.text for reason in found.reasons if "no such lead so far" in reason.text]


def test_points_never_promise_nor_exclude() -> None:
    assert [points_of(chance) for chance in (0.0, 0.004, 0.5, 0.996, 1.0)] == [1, 1, 50, 99, 99]


def test_new_values_and_fields_that_are_not_there_are_told() -> None:
    lead = asked(original_source="Carrier pigeon", country="DE")
    details = runtime_of(N).predict([lead])[0].details
    assert details["new_values"] == ["original_source"]
    unknown = details["unknown_fields"]
    assert isinstance(unknown, list)
    assert "demo_requested" in unknown
    assert "country" not in unknown


def test_a_person_who_opted_out_is_not_scored() -> None:
    runtime = runtime_of(N)
    careful = replace(runtime, spec=runtime.spec.model_copy(update={"opt_out": ("no_scoring",)}))
    lead = asked(country="DE", no_scoring="Yes")
    silent, scored = careful.predict([lead, asked("2", country="DE")])
    assert math.isnan(silent.score)
    assert silent.details == {"opted_out": True, "unheard_fields": []}
    assert (silent.reasons, silent.label, silent.quantities) == ((), "", ())
    assert scored.details["opted_out"] is False
    assert scored.details["unheard_fields"] == ["no_scoring"]
    assert careful.point.decide(silent).verdict == "review"
    assert math.isnan(careful.predict_timed(lead)[0].score)


def test_who_objects_in_any_of_several_columns_is_not_scored() -> None:
    runtime = runtime_of(N)
    out = ("Do Not Email", "Do Not Call")
    careful = replace(runtime, spec=runtime.spec.model_copy(update={"opt_out": out}))
    assert isinstance(careful, Heeds) and careful.objecting == out
    asked_for = [
        asked("1", **{"Do Not Email": "No", "Do Not Call": "Yes"}),
        asked("2", **{"Do Not Email": "Yes"}),
        asked("3", **{"Do Not Email": "No", "Do Not Call": "No"}),
    ]
    silent = [one.details["opted_out"] for one in careful.predict(asked_for)]
    assert silent == [True, True, False]
    assert careful.columns[-2:] == out and {*out} <= careful.taken
    assert careful.has_met("Do Not Call", "no") and not careful.has_met("Do Not Call", "web")
    kept = json.loads(careful.encode(asked_for[0])[0])["fields"]
    assert kept == {"Do Not Email": "No", "Do Not Call": "Yes"}


@pytest.mark.parametrize(
    ("stated", "columns", "written"),
    [
        ("", (), ""),
        ("no_scoring", ("no_scoring",), "no_scoring"),
        (["no_scoring"], ("no_scoring",), "no_scoring"),
        (["a", "b"], ("a", "b"), ["a", "b"]),
    ],
)
def test_bundles_and_settings_with_one_column_that_objects_stay_what_they_were(
    stated: JsonValue, columns: tuple[str, ...], written: JsonValue
) -> None:
    spec = runtime_of(N).spec.model_dump(mode="json") | {"opt_out": stated}
    opened = LeadSpec.model_validate(spec)
    config = ColumnsConfig.model_validate({"opt_out": stated})
    for one in (opened, config):
        assert one.opt_out == columns
        assert one.model_dump(mode="json")["opt_out"] == written
    learned = {column.name for column in opened.encoder.columns}
    assert names_learned(spec) == learned.union(columns)


HOSTILE: tuple[dict[str, JsonValue], ...] = (
    {},
    {"employees": "1e308", "website_visits": -1e300, "minutes_on_site": "NaN"},
    {
        "original_source": "x" * 100_000,
        "industry": "\x00\u202e'; DROP TABLE leads",
        "country": ["DE", "AT"],
    },
    {"demo_requested": 17.5, "role": False, "pricing_page_views": "=1+1"},
    {f"f{n}": float(n) for n in range(1_999)},
)


@pytest.mark.parametrize("fields", HOSTILE)
def test_hostile_leads_are_scored_as_far_as_they_are_known(fields: dict[str, JsonValue]) -> None:
    found = runtime_of(N).predict([{"id": "1", "fields": fields}])[0]
    assert 0 < found.score < 1
    assert all(math.isfinite(quantity.value) for quantity in found.quantities)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"fields": []}',
        b'{"fields": {}, "outcome": "won"}',
        b"\xff",
        b"[" * 90_000,
    ],
)
def test_what_is_no_lead_is_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        runtime_of(N).decode(content, "application/json")


def test_a_payload_of_another_kit_is_refused() -> None:
    with pytest.raises(DataError, match="leads as JSON"):
        runtime_of(N).predict([np.zeros(3)])


def test_encode_and_decode_keep_a_lead() -> None:
    runtime, lead = runtime_of(N), some_leads(1)[0]
    content, media = runtime.encode(as_json(lead))
    assert media == "application/json"
    payload = runtime.decode(content, media)
    assert runtime.predict([payload])[0].score == runtime.predict([as_json(lead)])[0].score
    assert lead_from_json(as_json(lead)) == lead


def test_one_lead_timed_says_the_same() -> None:
    runtime, lead = runtime_of(N), as_json(some_leads(1)[0])
    timed, times = runtime.predict_timed(lead)
    assert timed == runtime.predict([lead])[0]
    assert times.total_ms > 0


def test_no_leads_give_no_predictions() -> None:
    assert runtime_of(N).predict([]) == []


def test_a_bundle_file_scores_leads(tmp_path: Path) -> None:
    path = tmp_path / "leads.kwb"
    path.write_bytes(outcome_of(N)[2])
    ready, lead = kits.load_bundle(path), as_json(some_leads(1)[0])
    assert ready.predict([lead])[0].score == pytest.approx(runtime_of(N).predict([lead])[0].score)
    assert ready.bundle.golden.samples
    assert ready.check_golden() == ()


def test_golden_leads_are_of_nobody() -> None:
    bundle = open_bytes(outcome_of(N)[2])
    real = {
        repr(sorted(lead.fields.items(), key=str))
        for lead in (as_lead(m) for m in make_leads(7, N))
    }
    for sample in bundle.golden.samples:
        runtime = runtime_of(N)
        payload = runtime.decode(bundle.files[sample.path], sample.media_type)
        assert isinstance(payload, bytes)
        assert b'"id":"golden-' in payload
        fields = lead_from_json(json.loads(payload)).fields
        assert repr(sorted(fields.items(), key=str)) not in real


def without(bundle: Bundle, *paths: str) -> Bundle:
    return replace(bundle, files={k: v for k, v in bundle.files.items() if k not in paths})


def test_a_bundle_without_its_trees_is_refused() -> None:
    bundle = open_bytes(outcome_of(N)[2])
    with pytest.raises(BundleError, match="lacks its trees"):
        load(without(bundle, "trees.npz"), cpu_session)


def test_a_bundle_whose_parts_do_not_fit_is_refused() -> None:
    bundle = open_bytes(outcome_of(N)[2])
    spec = runtime_of(N).spec
    fewer = spec.encoder.model_copy(update={"columns": spec.encoder.columns[:2]})
    config = spec.model_copy(update={"encoder": fewer}).model_dump(mode="json")
    changed = replace(bundle, manifest=bundle.manifest.model_copy(update={"config": config}))
    with pytest.raises(BundleError, match="do not fit"):
        load(changed, cpu_session)


def test_a_backtest_that_is_damaged_is_told() -> None:
    bundle = open_bytes(outcome_of(N)[2])
    broken = replace(bundle, files={**bundle.files, "backtest.json": b"{"})
    runtime = load(broken, cpu_session)
    assert isinstance(runtime, LeadRuntime)
    with pytest.raises(BundleError, match="backtest"):
        _ = runtime.backtest


def test_it_says_under_which_names_values_are_looked_at() -> None:
    runtime = runtime_of(N)
    mailbox = ChoiceColumn(name=f"Email{KIND}", values=("company",))
    number = TruthColumn(name=f"Phone{GIVEN}")
    area = ChoiceColumn(name=f"Zip{AREA}", values=("sw",))
    encoder = runtime.spec.encoder.model_copy(update={"columns": (mailbox, number, area)})
    asking = replace(runtime, spec=runtime.spec.model_copy(update={"encoder": encoder}))
    assert isinstance(asking, Takes)
    assert {"Email", f"Email{KIND}", "Phone", f"Phone{GIVEN}", "Zip"} <= asking.taken
    assert asking.columns[:3] == ("Email", "Phone", "Zip")
    fields = {"Email": "a@b.example", "Phone": "0171 2345", "Zip": "SW12 4AB"}
    kept, _ = asking.encode({"id": "1", "fields": fields})
    stands = {f"Email{KIND}": "company", f"Phone{GIVEN}": True, f"Zip{AREA}": "SW"}
    assert json.loads(kept)["fields"] == stands


def test_test_leads_and_own_people_are_told_by_what_is_not_kept() -> None:
    plain = runtime_of(N)
    source = plain.spec.source.model_copy(
        update={"test_leads": "leave-out", "own_domains": ("www.ours.com",)}
    )
    asks = replace(plain, spec=plain.spec.model_copy(update={"source": source}))
    assert (plain.sifts, asks.sifts) == (False, True)
    told = {
        ("test12@gmail.com", "Eva", "Berg"): "a test address",
        ("eva@gmail.com", "Test", "Test"): "a test name",
        ("eva@ours.com", "Eva", "Berg"): "the firm's own domain",
        ("eva@gmail.com", "Eva", "Berg"): "",
        (): "",
    }
    assert {said: asks.taken_for(said) for said in told} == told
