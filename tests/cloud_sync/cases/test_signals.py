"""Windows as pages get them: every peak, gaps as gaps, lines where they belong, hostile bytes refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from cloud_sync.hub import Hub
from cloud_sync.learning.signals import MAX_POINTS, View, amplitude_spectrum, envelope, signal_json
from cloud_sync.store.models import Sample
from kits.core import cbor
from kits.core.errors import DataError
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from tests.cloud_sync.cases.case_builders import ASSET, hours, vibration
from tests.cloud_sync.hub_builders import add_person, open_hub, put_blob


def test_a_curve_of_few_points_has_the_lowest_and_highest_reading() -> None:
    rng = np.random.default_rng(3)
    readings = rng.normal(size=100_000)
    readings[31_415], readings[92_653] = 40.0, -40.0
    _, low, high = envelope(readings, 500)
    assert (low.size, low.min(), high.max()) == (500, -40.0, 40.0)
    assert np.all(low <= high)


def test_a_stretch_without_readings_is_a_gap_and_a_single_missing_one_is_not() -> None:
    readings = np.ones(10_000)
    readings[5] = np.nan
    readings[2000:4000] = np.nan
    places, low, _ = envelope(readings, 100)
    gone = np.isnan(low)
    assert not gone[:20].any()
    assert gone[places.searchsorted(2100) : places.searchsorted(3900)].all()
    assert gone.sum() == 20


def test_a_sine_stands_in_the_spectrum_with_its_own_amplitude() -> None:
    time = np.arange(50_000) / 10_000
    hz, amplitude = amplitude_spectrum(3.0 * np.sin(2 * np.pi * 1234 * time), 10_000)
    assert hz[np.argmax(amplitude)] == pytest.approx(1234, abs=0.5)
    assert amplitude.max() == pytest.approx(3.0, rel=0.2)  # Hann: up to 1.4 dB between two lines


def test_the_envelope_shows_the_impacts_and_not_the_ringing() -> None:
    shown = signal_json(vibration(seconds=4), View())
    envelope_of = shown["envelope"]
    assert isinstance(envelope_of, dict)
    hz, amplitude = np.array(envelope_of["hz"]), np.array(envelope_of["amplitude"])
    assert hz[np.argmax(amplitude)] == pytest.approx(90, abs=1)
    assert hz.max() <= 1200


def test_channels_of_different_rates_share_one_time_axis() -> None:
    shown = signal_json(vibration(), View(points=400))
    first, second = shown["channels"]
    assert (first["unit"], second["unit"], shown["axis"]) == ("g", "°C", "s")
    assert len(first["at"]) == 200
    assert second["at"] == [0.0, 0.25, 0.5, 0.75]
    assert second["low"][1] is None
    assert second["missing"] == 1


def test_zooming_in_shows_each_reading() -> None:
    shown = signal_json(vibration(), View(points=2000, since_s=0.5, until_s=0.51))
    first = shown["channels"][0]
    assert len(first["at"]) == 120
    assert first["at"][0] == pytest.approx(0.5)


@pytest.mark.parametrize(("since", "until"), [(5, 4), (-1e300, 1e300), (1e9, 2e9), (0.3, 0.3)])
def test_a_stretch_that_is_nowhere_still_answers(since: float, until: float) -> None:
    shown = signal_json(vibration(), View(16, since, until))
    assert all(2 <= len(one["at"]) <= 16 for one in shown["channels"])


def test_rows_without_a_rate_are_counted_and_have_no_spectrum() -> None:
    window = Window((Channel("wear", "mm", np.linspace(0, 1, 200, dtype=np.float32)),))
    shown = signal_json(encode_window(window), View())
    assert (shown["axis"], shown["duration"], shown["spectrum"]) == ("readings", 200, None)


def test_hostile_bytes_are_refused_and_extreme_ones_are_bounded() -> None:
    for content in (b"", b"\xff" * 1000, cbor.encode({"v": 1, "channels": []}), cbor.encode([1])):
        with pytest.raises(DataError):
            signal_json(content, View())
    loud = np.array([3e38, -3e38] * 500, np.float32)
    window = Window(tuple(Channel(f"c{n}", "", loud) for n in range(40)), 1e-7)
    shown = signal_json(encode_window(window), View(MAX_POINTS))
    assert (len(shown["channels"]), shown["left_out"]) == (32, 8)
    with pytest.raises(DataError, match="32 channels"):
        signal_json(encode_window(window), View(channel=35))


def sampled(hub: Hub, name: str, content: bytes, at_h: float = 0.0, **fields: object) -> None:
    values = {
        "id": name, "device": "press-1", "epoch": "e", "seq": 1, "captured_at": hours(at_h),
        "bundle": "b", "verdict": "act", "score": 4.0, "media_type": MEDIA_TYPE, "group": ASSET,
        "blob": put_blob(hub, content) if content else "", "blob_size": len(content),
        "blob_state": "stored" if content else "none", **fields,
    }  # fmt: skip
    with hub.database.transaction() as session:
        session.add(Sample(**values))


def test_the_api_shows_a_window_and_its_history(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        headers = add_person(hub, "vera", "viewer")
        sampled(hub, "w1", vibration())
        sampled(hub, "w0", b"", -3, score=0.5)
        sampled(hub, "old", b"", -500, score=0.5)
        sampled(hub, "text", b"no window", group="")
        sampled(hub, "picture", b"x", media_type="image/png")
        shown = ask(client, "/v1/samples/w1/signal?points=300", headers)
        assert shown["attributes"] == {"asset": ASSET, "speed_rpm": 1500.0}
        past = ask(client, "/v1/samples/w1/history", headers)
        assert (past["asset"], past["score"], past["sample"]) == (ASSET, [0.5, 4.0], ["w0", "w1"])
        assert past["marks"] == {"sample": hours(0).timestamp()}
        for name, status in (("w0", 404), ("text", 422), ("picture", 422), ("nothing", 404)):
            answer = client.get(f"/v1/samples/{name}/signal", headers=headers)
            assert (answer.status_code, set(answer.json())) == (
                status, {"error", "what", "where", "fix"},
            )  # fmt: skip
        too_many = client.get(f"/v1/samples/w1/signal?points={MAX_POINTS + 1}", headers=headers)
        assert too_many.status_code == 422
        for word in ("since=nan", "until=nan", "since=inf", "since=-inf"):
            answer = client.get(f"/v1/samples/w1/signal?{word}", headers=headers)
            assert answer.status_code == 422, word


def test_agreeing_that_nothing_is_wrong_says_normal_and_keeps_the_note(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        headers = add_person(hub, "rae", "reviewer")
        sampled(hub, "calm", vibration(), verdict="pass", kept_for="audit")
        sampled(hub, "loud", vibration(1), verdict="act", kept_for="act")
        for name in ("calm", "loud"):
            body = {"sample_id": name, "decision": "accept", "note": "looked at it"}
            answer = client.post("/v1/reviews", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
        said = {
            name: ask(client, f"/v1/samples/{name}", headers)["annotations"][0]["body"]
            for name in ("calm", "loud")
        }
    assert {name: (body["label"], body["note"]) for name, body in said.items()} == {
        "calm": ("normal", "looked at it"), "loud": ("fault", "looked at it"),
    }  # fmt: skip


def ask(client: TestClient, path: str, headers: dict[str, str]) -> dict[str, object]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found
