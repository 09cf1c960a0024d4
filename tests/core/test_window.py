"""Sensor windows: what comes back, how large they are, and that hostile bytes cost nothing."""

from __future__ import annotations

import random
import time
from datetime import datetime, timezone

import numpy as np
import pytest

from kits.core import cbor
from kits.core.errors import DataError
from kits.core.window import Channel, Window, decode_window, encode_window, is_single_row

# RFC 8949, appendix A
RFC = [
    (0, "00"), (23, "17"), (24, "1818"), (1000, "1903e8"), (1_000_000, "1a000f4240"),
    (18446744073709551615, "1bffffffffffffffff"), (-1, "20"), (-1000, "3903e7"),
    (1.1, "fb3ff199999999999a"), (False, "f4"), (True, "f5"), (None, "f6"),
    (b"\x01\x02\x03\x04", "4401020304"), ("IETF", "6449455446"), ("\u6c34", "63e6b0b4"),
    ([1, [2, 3], [4, 5]], "8301820203820405"), ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), RFC)
def test_the_examples_of_the_standard(value: cbor.CborValue, text: str) -> None:
    assert cbor.encode(value).hex() == text
    assert cbor.decode(bytes.fromhex(text)) == value


@pytest.mark.parametrize(("text", "value"), [("f93c00", 1.0), ("fa47c35000", 100000.0)])
def test_shorter_floats_of_other_writers_are_read(text: str, value: float) -> None:
    assert cbor.decode(bytes.fromhex(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",  # nothing
        "0000",  # something is left
        "9f01ff",  # of indefinite length
        "c074",  # a tag
        "5bffffffffffffffff00",  # claims 2^64 bytes
        "9bffffffffffffffff00",  # claims 2^64 items
        "bb00000000ffffffff6161",  # claims 2^32 pairs
        "81" * 20 + "00",  # nested too deeply
        "a2616100616101",  # one key twice
        "a10001",  # a key that is no text
        "61ff",  # text that is not UTF-8
    ],
)
def test_hostile_cbor_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        cbor.decode(bytes.fromhex(text))


def test_a_million_items_are_refused_before_they_take_memory() -> None:
    with pytest.raises(DataError, match="items"):
        cbor.decode(b"\x9a\x00\x0f\x42\x40" + bytes(1_000_000))


def vibration(readings: int = 4096) -> Window:
    t = np.arange(readings) / 20_000
    shake = np.sin(2 * np.pi * 157 * t) + 0.1 * np.random.default_rng(1).normal(size=readings)
    return Window(
        (
            Channel("bearing", "g", shake.astype(np.float32)),
            Channel("coolant", "K", np.linspace(642.1, 642.3, readings, dtype=np.float32)),
        ),
        rate_hz=20_000,
        started_at=datetime(2026, 3, 1, 12, tzinfo=timezone.utc),
    )


def test_a_window_comes_back_within_half_a_step() -> None:
    window = vibration()
    content = encode_window(window)
    again = decode_window(content)
    assert len(content) < 2 * 2 * 4096 + 300
    assert (again.rate_hz, again.started_at) == (window.rate_hz, window.started_at)
    for before, after in zip(window.channels, again.channels):
        assert (before.name, before.unit) == (after.name, after.unit)
        step = float(np.ptp(before.readings)) / 65_534
        # half a step, and what float32 itself cannot tell apart at this size
        limit = step / 2 + float(np.spacing(np.abs(before.readings).max()))
        assert np.abs(before.readings - after.readings).max() <= limit
    assert again.matrix().shape == (2, 4096)


def test_constant_and_missing_readings_survive() -> None:
    readings = np.array([np.nan, np.inf, 5.0, -np.inf, 7.0], np.float32)
    window = Window(
        (Channel("a", "", readings), Channel("b", "", np.full(5, 3.5, np.float32)),
         Channel("c", "", np.full(5, np.nan, np.float32)))
    )  # fmt: skip
    a, b, c = (channel.readings for channel in decode_window(encode_window(window)).channels)
    np.testing.assert_allclose(a, [np.nan, np.nan, 5.0, np.nan, 7.0], rtol=1e-6)
    assert b.tolist() == [3.5] * 5
    assert np.isnan(c).all()


def test_windows_that_make_no_sense_are_not_written() -> None:
    one, two = np.zeros(1, np.float32), np.zeros(2, np.float32)
    for channels in (
        (),
        (Channel("a", "", one), Channel("b", "", two)),
        tuple(Channel(f"c{n}", "", one) for n in range(1_025)),
        (Channel("a", "", one), Channel("a", "", one)),
        (Channel("x" * 64 + "1", "", one), Channel("x" * 64 + "2", "", one)),
        (Channel("a", "", np.zeros((4 << 20) + 1, np.float32)),),
    ):
        with pytest.raises(DataError):
            encode_window(Window(channels))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"channels": None},
        {"channels": []},
        {"channels": [{"name": "a", "unit": "", "scale": 1.0, "offset": 0.0, "i16": b"x"}]},
        {"channels": [{"name": "a", "unit": "", "scale": float("nan"), "offset": 0.0, "i16": b""}]},
        {"channels": [{"name": 5, "unit": "", "scale": 1.0, "offset": 0.0, "i16": b""}]},
        {"channels": [7]},
        {"rate_hz": "fast"},
        {"started_at": "yesterday"},
    ],
)
def test_a_window_out_of_bounds_is_refused(change: dict[str, cbor.CborValue]) -> None:
    good = cbor.decode(encode_window(vibration(8)))
    assert isinstance(good, dict)
    with pytest.raises(DataError):
        decode_window(cbor.encode({**good, **change}))


def test_damaged_windows_raise_nothing_else_and_cost_no_memory() -> None:
    content, draw = encode_window(vibration(64)), random.Random(4)
    refused = 0
    for _ in range(3000):
        damaged = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            decode_window(bytes(damaged[: draw.randint(1, len(damaged))]))
        except DataError:
            refused += 1
    assert refused > 1000


@pytest.mark.slow
def test_a_window_costs_less_than_a_millisecond() -> None:
    window = vibration()
    content = encode_window(window)
    began = time.perf_counter()
    for _ in range(200):
        encode_window(window)
        decode_window(content)
    assert (time.perf_counter() - began) / 200 < 2e-3


def test_channels_with_rates_of_their_own_and_the_conditions_come_back() -> None:
    fast = Channel("vibration", "g", np.sin(np.arange(2000, dtype=np.float32)))
    slow = Channel("temperature", "°C", np.float32([40.0, 40.5]), rate_hz=1.0)
    window = Window((fast, slow), 1000.0, None, {"asset": "pump 3", "speed_rpm": 1480.0})
    back = decode_window(encode_window(window))
    assert [back.rate_of(channel) for channel in back.channels] == [1000.0, 1.0]
    assert back.attributes == {"asset": "pump 3", "speed_rpm": 1480.0}
    assert back.channels[1].readings == pytest.approx([40.0, 40.5], abs=1e-4)
    with pytest.raises(DataError, match="different rates"):
        back.matrix()


@pytest.mark.parametrize(
    "attributes",
    [{"speed_rpm": float("nan")}, {"note": "x" * 300}, {str(n): 1.0 for n in range(65)}],
)
def test_attributes_out_of_bounds_are_refused(attributes: dict[str, str | float]) -> None:
    with pytest.raises(DataError, match="attribute"):
        encode_window(Window((Channel("a", "", np.zeros(2, np.float32)),), 1.0, None, attributes))


@pytest.mark.parametrize("rate_hz", [-1.0, 1e-300, 1e300])
def test_a_rate_that_no_calendar_can_hold_is_refused(rate_hz: float) -> None:
    readings = np.zeros(4, np.float32)
    content = encode_window(Window((Channel("flow", "l/min", readings),), rate_hz, None, {}))
    with pytest.raises(DataError, match="readings per second"):
        decode_window(content)


def test_a_time_without_a_zone_is_taken_as_utc() -> None:
    """It could be compared with no other time."""
    naive = datetime(2026, 3, 2, 12)  # noqa: DTZ001  what a careless writer would send
    content = encode_window(Window((Channel("a", "", np.zeros(4, np.float32)),), 1.0, naive, {}))
    assert decode_window(content).started_at == datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def test_a_single_row_is_known_without_decoding() -> None:
    one, two = np.zeros(1, np.float32), np.zeros(2, np.float32)
    empty = np.zeros(0, np.float32)
    for channels, single in (
        ((Channel("a", "", one), Channel("b", "", np.full(1, np.nan, np.float32))), True),
        ((Channel("a", "", one), Channel("b", "", two, 2.0)), False),
        ((Channel("a", "", empty),), False),
        ((Channel("ci16B", "ci16", one),), False),  # decoded, then
        ((Channel("ci16B", "", two),), False),
        ((Channel("ci16B", "", one),), True),
    ):
        assert is_single_row(encode_window(Window(channels))) is single
    assert not is_single_row(b"")
    assert not is_single_row(b"no window")
