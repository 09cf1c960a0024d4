"""The runtime on a device: whatever comes in, a prediction or a clear error comes out, and never a false alarm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.errors import BundleError, DataError
from kits.core.prediction import Prediction
from kits.core.runtime import OnnxSession
from kits.core.window import Channel, Window, decode_window, encode_window
from kits.predictive_maintenance import runtime
from kits.predictive_maintenance._learning.recordings import load
from kits.predictive_maintenance._simulated.machines import inject
from tests.predictive_maintenance.trained import Trained, bundle, changed, part, readings


def test_window(run: Trained, split: str = "test") -> Window:
    return load(run.data, run.data.of(split))[0].window  # type: ignore[arg-type]


test_window.__test__ = False  # type: ignore[attr-defined]


def quiet(watched: Trained) -> Window:
    """An hour and a half of normal running."""
    return part(test_window(watched, "val"), 300, 390)


def told(watched: Trained, window: Window) -> Prediction:
    return watched.machine.predict([window])[0]


def verdict(watched: Trained, window: Window) -> str:
    return watched.point.decide(told(watched, window)).verdict


def test_bytes_and_windows_are_told_the_same(watched: Trained) -> None:
    window = quiet(watched)
    content, media_type = watched.machine.encode(window)
    assert isinstance(watched.machine.decode(content, media_type), Window)
    assert told(watched, decode_window(content)).score == pytest.approx(
        watched.machine.predict([content])[0].score
    )


def test_normal_running_passes_and_a_leak_acts(watched: Trained) -> None:
    assert verdict(watched, quiet(watched)) == "pass"
    leaking = part(test_window(watched), 380, 470)
    assert verdict(watched, leaking) == "act"
    found = told(watched, leaking)
    assert found.label == "anomaly"
    assert found.details["asset"] == "m-1"
    assert any(reason.field in ("flow", "current") for reason in found.reasons)


@pytest.mark.parametrize(
    ("name", "unit", "factor", "summand"),
    [
        ("temperature", "°F", 1.8, 32.0),
        ("flow", "m³/h", 0.06, 0.0),
        ("temperature", "°C", 1.0, 0.0),
    ],
)
def test_a_machine_that_reads_in_another_unit_is_judged_as_in_the_one_learned(
    watched: Trained, name: str, unit: str, factor: float, summand: float
) -> None:
    window = quiet(watched)
    channels = tuple(
        replace(c, unit=unit, readings=(factor * c.readings + summand).astype(np.float32))
        if c.name == name
        else c
        for c in window.channels
    )
    other = told(watched, replace(window, channels=channels))
    assert other.score == pytest.approx(told(watched, window).score, abs=0.01)
    assert not other.details.get("sensor_fault")


@pytest.mark.parametrize("kind", ["stuck", "dropouts", "spikes", "unplugged"])
def test_a_broken_sensor_is_named_and_never_an_alarm(watched: Trained, kind: str) -> None:
    window = quiet(watched)
    broken = inject(window, kind, np.random.default_rng(0), channel="temperature")  # type: ignore[arg-type]
    found = told(watched, broken)
    assert watched.point.decide(found).verdict != "act"
    assert any(text.startswith("temperature:") for text in found.details["sensor_fault"])  # type: ignore[union-attr]
    assert found.reasons[0].field == "temperature"


def test_a_fault_of_the_machine_beside_a_broken_sensor_asks_a_person(watched: Trained) -> None:
    window = part(test_window(watched), 380, 470)
    temperature = np.full_like(readings(window, "temperature"), -300)
    broken = changed(window, "temperature", temperature)
    assert verdict(watched, broken) == "review"


def test_all_sensors_away_asks_a_person(watched: Trained) -> None:
    window = quiet(watched)
    for name in ("flow", "current", "temperature"):
        window = changed(window, name, np.full(90, np.nan))
    found = told(watched, window)
    assert watched.point.decide(found).verdict == "review"
    assert found.details["not_judged"] == "broken sensors"


def hostile(window: Window) -> dict[str, Window]:
    first, *rest = window.channels
    count = first.readings.size
    return {
        "no reading": part(window, 0, 0),
        "one reading": part(window, 0, 1),
        "fewer than the lags": part(window, 0, 5),
        "a gap": changed(window, "flow", np.where(np.arange(count) < 40, 100.0, np.nan)),
        "infinite": changed(window, "flow", np.full(count, np.inf)),
        "huge": changed(window, "flow", np.full(count, 3e38)),
        "another unit": changed(window, "flow", readings(window, "flow") / 60),
        "a channel more": replace(window, channels=(*window.channels, replace(first, name="x"))),
        "another order": replace(window, channels=(*rest, first)),
        "a channel less": replace(window, channels=tuple(rest)),
        "no channel": replace(window, channels=()),
        "another rate": replace(window, rate_hz=50.0),
        "no rate": replace(window, rate_hz=0.0),
        "a slower channel": replace(
            window, channels=(replace(first, readings=first.readings[::10], rate_hz=1 / 600), *rest)
        ),
        "an empty channel": replace(
            window, channels=(replace(first, readings=first.readings[:0], rate_hz=1 / 600), *rest)
        ),
        "no asset": replace(window, attributes={}),
        "odd attributes": replace(window, attributes={"asset": 7.0, "speed_rpm": -1.0}),
    }


CASES = sorted(hostile(Window((Channel("flow", "", np.ones(90, np.float32)),), 1.0)))


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_window_gives_a_prediction_or_a_clear_error(watched: Trained, case: str) -> None:
    window = hostile(quiet(watched))[case]
    try:
        found = told(watched, window)
    except DataError as error:
        assert str(error)
        return
    assert np.isfinite(found.score)
    assert -1e6 <= found.score <= 1e6


@pytest.mark.parametrize(
    "case", ["no reading", "one reading", "no channel", "a channel less", "infinite"]
)
@pytest.mark.parametrize("kind", ["fleet", "motors"])
def test_every_approach_bears_hostile_windows(
    case: str, kind: str, request: pytest.FixtureRequest
) -> None:
    run: Trained = request.getfixturevalue(kind)
    window = test_window(run)
    first, *rest = window.channels
    name, count = first.name, first.readings.size
    changes = {
        "no reading": part(window, 0, 0),
        "one reading": part(window, 0, 1),
        "no channel": replace(window, channels=()),
        "a channel less": replace(window, channels=tuple(rest)),
        "infinite": changed(window, name, np.full(count, np.inf)),
    }
    try:
        found = run.machine.predict([changes[case]])[0]
    except DataError as error:
        assert str(error)
        return
    assert np.isfinite(found.score)


def test_what_is_no_window_is_refused(watched: Trained) -> None:
    for payload in (b"not cbor", {"flow": 3.0}, np.zeros(4)):
        with pytest.raises(DataError):
            watched.machine.predict([payload])  # type: ignore[list-item]


def test_a_window_with_more_than_the_model_needs_is_cut_to_its_end(watched: Trained) -> None:
    whole = test_window(watched, "val")
    assert told(watched, whole).score == pytest.approx(
        told(watched, part(whole, 700, 800)).score, abs=1e-4
    )


def test_times_of_all_stages_are_told(watched: Trained) -> None:
    _, times = watched.machine.predict_timed(quiet(watched))
    assert min(times.pre_ms, times.infer_ms, times.post_ms) >= 0
    assert times.total_ms > 0


def test_an_encoded_window_is_within_half_a_step_of_itself(watched: Trained) -> None:
    window = quiet(watched)
    back = decode_window(encode_window(window))
    for before, after in zip(window.channels, back.channels):
        step = float(np.ptp(before.readings)) / 65_534
        assert np.abs(after.readings - before.readings).max() <= 0.51 * step + 1e-5


def session(model: bytes) -> OnnxSession:
    return OnnxSession(model, threads=1)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"approach": "condition", "surprise": 1}, "'surprise', which this version"),
        ({}, "malformed"),
        ({"approach": "next year's"}, "does not know"),
    ],
)
def test_a_bundle_of_another_kit_is_refused(
    watched: Trained, config: dict[str, object], says: str
) -> None:
    with pytest.raises(BundleError, match=says):
        runtime.load(bundle(config, {}, watched.point), session)


def test_a_bundle_without_its_model_is_refused(watched: Trained) -> None:
    with pytest.raises(BundleError):
        runtime.load(bundle(watched.exported.config, {}, watched.point), session)


def test_a_bundle_of_physics_needs_no_model(watched: Trained) -> None:
    spec = {"approach": "physics", "physics": {"zone_ends": [1.4, 2.8, 4.5], "zone_source": "t"}}
    machine = runtime.load(bundle(spec, {}, watched.point), session)
    time = np.arange(5000) / 5000
    loud = Channel("v", "mm/s", (9 * np.sin(2 * np.pi * 24 * time)).astype(np.float32))
    found = machine.predict([Window((loud,), 5000.0, None, {"asset": "fan"})])[0]
    assert found.score > 3
    assert found.quantities[0].value == pytest.approx(9 / np.sqrt(2), rel=0.02)
