"""Ring, clock, windows: what a machine said when, whatever its clock and its gaps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from edge_agent.signals.clock import SourceClock
from edge_agent.signals.config import SignalConfig, Windowing
from edge_agent.signals.cutting import Cut, Cutter
from edge_agent.signals.feed import Feed
from edge_agent.signals.ring import Ring, is_empty
from edge_agent.signals.tracks import PointTrack, WaveTrack

NAN = float("nan")


def windowing(*signals: SignalConfig, **changes: object) -> Windowing:
    given = {"window_s": 10.0, "signals": signals, **changes}
    return Windowing.model_validate(given)


def flow(**changes: object) -> SignalConfig:
    return SignalConfig.model_validate(
        {"name": "flow", "unit": "l/min", "asset": "pump-1", "rate_hz": 1.0, **changes}
    )


def shake(rate_hz: float = 1000.0) -> SignalConfig:
    return SignalConfig(name="acc", unit="g", asset="pump-1", rate_hz=rate_hz)


def recorded(config: Windowing) -> Feed:
    return Feed(config, lambda *_: None, name="test", live=False)


def cuts(feed: Feed, *, at_end: bool = False) -> list[Cut]:
    return list(feed.due(at_end=at_end))


def channel(cut: Cut, name: str) -> list[float]:
    found = next(c for c in cut.window.channels if c.name == name)
    return [float(value) for value in found.readings]


# -- tracks --------------------------------------------------------------------------------------


def test_readings_out_of_order_are_put_in_order() -> None:
    track = PointTrack(hold_s=5)
    for at in (0, 3, 1, 2, 2):
        track.add(at, at * 10 + (5 if at == 2 else 0))
    assert track.grid(0, 4, 1.0).tolist() == [0, 10, 25, 30]


def test_a_reading_is_held_and_then_a_gap_is_a_gap() -> None:
    track = PointTrack(hold_s=2)
    track.add(0, 1)
    track.add(6, 2)
    assert np.isnan(track.grid(0, 8, 1.0)).tolist() == [False] * 3 + [True] * 3 + [False] * 2


def test_a_value_told_on_change_stands_as_long_as_its_sender_lives() -> None:
    track = PointTrack(hold_s=2)
    track.add(0, 7)
    for at in range(1, 101):
        track.alive(at)
    assert track.grid(90, 20, 1.0)[:13].tolist() == [7] * 13
    assert np.isnan(track.grid(103, 5, 1.0)).all()
    track.add(200, 8)
    assert track.grid(50, 40, 1.0).tolist() == [7] * 40, "a later change does not undo it"
    assert np.isnan(track.grid(110, 80, 1.0)).all()


def test_a_long_life_needs_no_more_memory_than_its_newest_minutes() -> None:
    track, sizes = PointTrack(hold_s=2), []
    for at in range(50_000):
        track.add(at, at)
        if at % 100 == 0:
            track.trim(at - 300)
            sizes.append(track.nbytes)
    assert max(sizes) < 60_000
    assert track.grid(49_990, 3, 1.0).tolist() == [49_990, 49_991, 49_992]


def test_a_waveform_of_jittering_blocks_has_no_seams() -> None:
    draw, track = np.random.default_rng(1), WaveTrack(1000.0)
    wave = np.sin(np.arange(10_000) / 50).astype(np.float32)
    for at in range(0, 10_000, 500):
        track.add(at / 1000 + draw.uniform(-0.02, 0.02) * (at > 0), wave[at : at + 500])
    found = track.grid(0, 10_000, 1000.0)
    assert not np.isnan(found[:9_990]).any()
    np.testing.assert_array_equal(found[:9_990], wave[:9_990])


def test_a_lost_block_is_a_gap_and_a_repeated_one_is_none() -> None:
    track, block = WaveTrack(100.0), np.ones(100, np.float32)
    for second in (0, 1, 1, 3):
        track.add(second, block * (second + 1))
    found = track.grid(0, 400, 100.0)
    assert [float(found[n]) for n in (50, 150, 350)] == [1, 2, 4]
    assert np.isnan(found[200:300]).all()
    assert not np.isnan(found[300:]).any()


# -- clock ---------------------------------------------------------------------------------------


def test_a_backlog_keeps_its_times() -> None:
    """After an outage of two minutes the queued readings come within a moment, the oldest first."""
    clock = SourceClock(1000.0, 0.0, 5.0)
    assert clock.at_s(1010, 10) == 1010
    late = [clock.at_s(1011 + n, 130 + n * 0.01) for n in range(120)]
    assert late == [1011 + n for n in range(120)]
    assert clock.steps == 0


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, -7200.0])
def test_a_clock_that_is_set_is_found_and_times_go_on(step_s: float) -> None:
    clock = SourceClock(1000.0, 0.0, 5.0)
    told = [clock.at_s(1000 + n + (step_s if n >= 20 else 0), n) for n in range(60)]
    assert clock.steps == 1
    assert clock.last_step_s == pytest.approx(step_s)
    assert told[:20] == [1000 + n for n in range(20)]
    assert told[30:] == pytest.approx([1030 + n for n in range(30)])
    assert all(at <= 1000 + n for n, at in enumerate(told)), "nothing comes from the future"


def test_windows_wait_for_a_source_whose_clock_is_a_little_behind() -> None:
    """Three seconds behind is no clock that was set; its windows must not miss their end for it."""
    clock = SourceClock(1000.0, 0.0, 5.0)
    for n in range(100):
        assert clock.at_s(1000 + n - 3, n) == 1000 + n - 3
    assert clock.lag_s == pytest.approx(3, abs=0.01)
    assert clock.steps == 0


def test_a_source_without_times_has_those_of_arrival() -> None:
    clock = SourceClock(1000.0, 50.0, 5.0)
    assert clock.at_s(None, 53.5) == 1003.5


# -- windows -------------------------------------------------------------------------------------


def test_windows_follow_each_other_without_a_hole() -> None:
    feed = recorded(windowing(flow()))
    found = []
    for second in range(35):
        feed.put(0, second, float(second))
        found += cuts(feed)
    found += cuts(feed, at_end=True)
    assert [cut.end_s for cut in found] == [10, 20, 30]
    assert [channel(cut, "flow") for cut in found] == [
        [float(n) for n in range(start, start + 10)] for start in (0, 10, 20)
    ]


def test_windows_may_overlap() -> None:
    feed = recorded(windowing(flow(), hop_s=5))
    for second in range(30):
        feed.put(0, second, float(second))
    assert [cut.end_s for cut in cuts(feed)] == [10, 15, 20, 25, 30]


def test_channels_of_different_rates_keep_them() -> None:
    speed = SignalConfig(name="speed_rpm", asset="pump-1", role="attribute")
    product = SignalConfig(name="product", asset="pump-1", role="attribute")
    feed = recorded(windowing(flow(), shake(), speed, product))
    feed.put(2, 1480, 0.0)
    feed.put(3, "water", 0.0)
    for second in range(11):
        feed.put(0, second, float(second))
        feed.put_block(1, np.full(1000, second), float(second), at_end=False)
    window = cuts(feed)[0].window
    assert [(c.name, c.readings.size, window.rate_of(c)) for c in window.channels] == [
        ("flow", 10, 1.0), ("acc", 10_000, 1000.0),
    ]  # fmt: skip
    assert window.attributes == {"asset": "pump-1", "speed_rpm": 1480.0, "product": "water"}


def test_a_window_does_not_wait_for_a_sensor_that_is_silent() -> None:
    other = flow(name="pressure")
    feed = recorded(windowing(flow(), other, late_s=2))
    feed.put(1, 5, 0.0)
    found = []
    for second in range(30):
        feed.put(0, second, float(second))
        found += cuts(feed)
    assert [cut.end_s for cut in found] == [10, 20]
    assert np.isnan(channel(found[1], "pressure")).all()
    assert channel(found[1], "flow") == [float(n) for n in range(10, 20)]


def test_a_machine_that_is_off_gives_no_windows_and_begins_anew() -> None:
    feed = recorded(windowing(flow()))
    found = []
    for second in [*range(15), *range(1000, 1025)]:
        feed.put(0, second, float(second))
        found += cuts(feed)
    ends = [cut.end_s for cut in found]
    assert ends[0] == 10
    assert ends[-2:] == [1010, 1020]
    assert len(ends) <= 4


def test_a_value_from_long_ago_that_still_stands_gives_windows() -> None:
    config = windowing(flow(rate_hz=0.0), window_s=1.0, late_s=0.5, stale_s=1.0)
    ring = Ring(config)
    cutter = Cutter(ring, live=True)
    ring.add(0, 0.0, 7.0)
    assert [cut.end_s for cut in cutter.due(3600.0)] == [], "whether it stands is not known yet"
    found = []
    for n in range(1, 15):
        ring.alive(0, 3600.0 + 0.25 * n)
        found += cutter.due(3600.0 + 0.25 * n)
    assert [cut.end_s for cut in found] == [3601.25, 3602.25, 3603.25]
    assert all((c.readings == 7.0).all() for cut in found for c in cut.window.channels)


def test_a_live_source_that_is_behind_skips_and_counts() -> None:
    feed = Feed(windowing(flow(), queue=3), lambda *_: None, name="plc")
    start_s = feed.now_s() - 200
    for second in range(200):
        feed.put(0, 1, start_s + second)
    found = cuts(feed)
    assert len(found) + feed.cutter.skipped == 20
    assert 2 <= len(found) <= 5


def test_what_the_machine_calls_bad_or_nobody_believes_is_a_gap() -> None:
    feed = recorded(windowing(flow(low=0, high=100)))
    for second in range(11):
        feed.put(0, {3: 500, 4: -1, 5: "off", 6: NAN}.get(second, 7), float(second),
                 good=second != 2)  # fmt: skip
    flows = channel(cuts(feed)[0], "flow")
    assert np.isnan(flows).tolist() == [False] * 2 + [True] * 5 + [False] * 3
    assert (feed.figures.bad, feed.figures.unbelieved) == (3, 2)


def test_readings_that_come_after_their_window_are_counted_and_kept() -> None:
    feed = recorded(windowing(flow()))
    for second in range(25):
        feed.put(0, second, float(second))
    cuts(feed)
    feed.put(0, 99, 3.0)
    assert feed.figures.late == 1
    assert feed.ring.window("pump-1", 3.0, 1.0).channels[0].readings.tolist() == [99]


def test_an_array_without_a_rate_is_a_bad_reading() -> None:
    feed = recorded(windowing(flow(rate_hz=0)))
    feed.put_block(0, [1.0, 2.0], 0.0)
    assert feed.figures.bad == 1
    with pytest.raises(ValueError, match="rate_hz"):
        feed.ring.add_block(0, 0.0, np.ones(3, np.float32))


# -- the ring ------------------------------------------------------------------------------------


def test_the_ring_gives_back_the_minutes_before() -> None:
    ring = Ring(windowing(shake(100.0), keep_s=120))
    for second in range(400):
        ring.add_block(0, second, np.full(100, second, np.float32))
    pieces = list(ring.stretch("pump-1", 300.0, 360.0))
    readings = np.concatenate([piece.channels[0].readings for piece in pieces])
    assert readings.size == 6000
    assert (readings[0], readings[-1]) == (300, 359)
    assert ring.nbytes < 70_000
    assert all(is_empty(piece) for piece in ring.stretch("pump-1", 0.0, 100.0))


def test_the_ring_keeps_less_when_its_memory_is_not_enough() -> None:
    ring = Ring(windowing(shake(50_000.0), keep_s=600, ring_bytes=4 << 20, window_s=1.0))
    for second in range(60):
        ring.add_block(0, second, np.ones(50_000, np.float32))
        assert ring.nbytes <= (4 << 20) + 2 * 200_000
    assert ring.shortened > 0
    assert not is_empty(next(iter(ring.stretch("pump-1", 50.0, 60.0))))


def test_a_long_stretch_comes_in_pieces_that_fit_a_sample() -> None:
    ring = Ring(windowing(shake(50_000.0), keep_s=100, ring_bytes=1 << 30))
    for second in range(100):
        ring.add_block(0, second, np.ones(50_000, np.float32))
    pieces = list(ring.stretch("pump-1", 0.0, 100.0))
    assert sum(p.channels[0].readings.size for p in pieces) == 5_000_000
    assert max(p.channels[0].readings.size for p in pieces) <= 1 << 21
    starts = [p.started_at.timestamp() for p in pieces if p.started_at is not None]
    assert all(a < b for a, b in pairwise(starts))


def test_what_single_precision_cannot_hold_is_a_gap() -> None:
    """Registers read with the wrong type give such numbers."""
    feed = recorded(windowing(flow(), shake()))
    feed.put(0, 1e39, 0.0)
    feed.put(0, float("inf"), 1.0)
    feed.put(0, 3.0, 2.0)
    feed.put_block(1, [1.0, float("inf"), 1e39], 3.0)
    assert feed.figures.bad == 4
    window = feed.ring.window("pump-1", 0.0, 3.0)
    assert not np.isinf(np.concatenate([c.readings for c in window.channels])).any()
