"""The synthetic machines obey the physics that is stated of them, at the times that are stated."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt
from scipy.stats import kurtosis, spearmanr

from kits.core.errors import DataError
from kits.core.window import Window, decode_window, encode_window
from kits.predictive_maintenance._simulated.machines import (
    MONDAY,
    ORDERS_6205,
    SENSOR_FAULTS,
    BearingFault,
    Event,
    Gearbox,
    Motor,
    Phase,
    PumpFault,
    SensorFault,
    bearing_capture,
    bearing_life,
    gear_capture,
    inject,
    make_motor,
    make_pump,
    pump_history,
    run_to_failure,
    shifts,
)

RPM = 1_480.0
FULL_DAY = [Phase(0.0, "full-load")]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def readings(window: Window, name: str) -> NDArray[np.float64]:
    found = next(channel for channel in window.channels if channel.name == name)
    return found.readings.astype(np.float64)


def envelope_spectrum(window: Window, resonance_hz: float) -> tuple[NDArray, NDArray]:
    """Orders of the shaft and the squared envelope's spectrum, by textbook and scipy."""
    signal = readings(window, "vibration")
    band = [0.6 * resonance_hz, 1.6 * resonance_hz]
    filtered = sosfiltfilt(butter(4, band, "band", fs=window.rate_hz, output="sos"), signal)
    envelope = np.abs(hilbert(filtered)) ** 2
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    orders = np.fft.rfftfreq(envelope.size, 1 / window.rate_hz) / (RPM / 60)
    return orders, spectrum


def height_at(orders: NDArray, spectrum: NDArray, order: float) -> float:
    """The peak within 2 % of an order, in units of the spectrum's median."""
    near = np.abs(orders / order - 1) < 0.02
    return float(spectrum[near].max() / np.median(spectrum[(orders > 0.2) & (orders < 20)]))


@pytest.mark.parametrize(
    ("fault", "order"),
    [
        ("outer", ORDERS_6205.bpfo),
        ("inner", ORDERS_6205.bpfi),
        ("ball", 2 * ORDERS_6205.bsf),
        ("cage", ORDERS_6205.ftf),
    ],
)
def test_a_defect_is_struck_at_its_order(fault: BearingFault, order: float) -> None:
    motor = make_motor(rng(3), "motor-1")
    faulty = bearing_capture(rng(1), motor, seconds=4, fault=fault, severity=0.5)
    healthy = bearing_capture(rng(1), motor, seconds=4)
    assert height_at(*envelope_spectrum(faulty, motor.resonance_hz), order) > 5
    assert height_at(*envelope_spectrum(healthy, motor.resonance_hz), order) < 5


def test_the_outer_races_order_is_the_highest_peak_of_its_envelope() -> None:
    window = bearing_capture(rng(2), seconds=4, fault="outer", severity=0.4)
    orders, spectrum = envelope_spectrum(window, Motor().resonance_hz)
    highest = orders[np.argmax(np.where(orders > 0.2, spectrum, 0))]
    assert highest == pytest.approx(ORDERS_6205.bpfo, rel=0.02)


def test_only_a_defect_that_turns_is_modulated_by_the_shaft() -> None:
    def sideband(fault: BearingFault, order: float) -> float:
        window = bearing_capture(rng(4), seconds=4, fault=fault, severity=0.6)
        found = envelope_spectrum(window, Motor().resonance_hz)
        return height_at(*found, order - 1) / height_at(*found, order)

    assert sideband("inner", ORDERS_6205.bpfi) > 0.3
    assert sideband("outer", ORDERS_6205.bpfo) < 0.15


@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
def test_kurtosis_rises_with_severity(fault: BearingFault) -> None:
    grown = [
        kurtosis(readings(bearing_capture(rng(5), seconds=2, fault=fault, severity=s), "vibration"))
        for s in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert grown == sorted(grown)
    assert grown[-1] > grown[0] + 3


def test_unbalance_grows_with_the_square_of_the_speed() -> None:
    def once_per_turn(speed_rpm: float) -> float:
        window = bearing_capture(rng(6), seconds=4, speed_rpm=speed_rpm)
        spectrum = np.abs(np.fft.rfft(readings(window, "vibration")))
        hertz = np.fft.rfftfreq(4 * 25_600, 1 / window.rate_hz)
        return float(spectrum[np.abs(hertz - speed_rpm / 60) < 0.5].max())

    assert once_per_turn(1_480) / once_per_turn(740) == pytest.approx(4, rel=0.1)


def test_a_bearings_life_is_quiet_until_the_onset_and_ends_in_failure() -> None:
    life = bearing_life(rng(7), captures=40, onset=0.6, seconds=0.25)
    peaks = [float(np.abs(readings(window, "vibration")).max()) for window in life]
    early, late = peaks[:24], peaks[24:]
    assert np.ptp(early) < 0.3 * max(late)
    assert max(late[-3:]) > 3 * max(early)
    assert life[-1].started_at == MONDAY + timedelta(seconds=39 * 600)


def test_the_mesh_of_a_gearbox_stands_at_its_order_and_a_crack_adds_sidebands() -> None:
    gearbox = Gearbox(teeth_in=23)

    def spectrum(severity: float) -> tuple[NDArray, NDArray]:
        window = gear_capture(rng(8), gearbox, seconds=4, fault="tooth", severity=severity)
        signal = readings(window, "vibration")
        orders = np.fft.rfftfreq(signal.size, 1 / window.rate_hz) / (RPM / 60)
        return orders, np.abs(np.fft.rfft(signal * np.hanning(signal.size)))

    def sidebands(severity: float) -> float:
        orders, heights = spectrum(severity)
        return float(
            sum(heights[np.abs(orders - 23 - k) < 0.1].max() for k in (-5, -4, -3, -2, 2, 3, 4, 5))
            / heights[np.abs(orders - 23) < 0.1].max()
        )

    orders, heights = spectrum(0.0)
    assert orders[np.argmax(heights)] == pytest.approx(23, abs=0.1)
    assert sidebands(0.0) < sidebands(0.4) < sidebands(0.9)


def test_a_pumps_curve_falls_while_its_plants_rises() -> None:
    pump = make_pump(rng(9), "pump-1")
    flow, pressure, current = {}, {}, {}
    for regime in ("throttled", "full-load", "flushing"):
        window, _ = pump_history(rng(9), pump, hours=0.5, phases=[Phase(0.0, regime)])
        flow[regime] = np.median(readings(window, "flow"))
        pressure[regime] = np.median(readings(window, "pressure"))
        current[regime] = np.median(readings(window, "current"))
    assert flow["throttled"] < flow["full-load"] < flow["flushing"]
    assert pressure["throttled"] > pressure["full-load"]
    assert current["throttled"] < current["full-load"] < current["flushing"]
    assert flow["full-load"] == pytest.approx(400, rel=0.12)


def test_a_slower_pump_obeys_the_affinity_laws() -> None:
    def level(name: str, regime: str) -> float:
        window, _ = pump_history(rng(9), hours=0.5, phases=[Phase(0.0, regime)])
        return float(np.median(readings(window, name)))

    slower = level("speed", "part-load") / level("speed", "full-load")
    assert slower == pytest.approx(0.82, abs=0.01)
    shutoff = 5.0  # bar, at rated speed
    for regime, speed in (("part-load", slower), ("full-load", 1.0)):
        # head falls with the square of the flow, from a shutoff head that goes with the square of the speed
        drop = shutoff * speed**2 - level("pressure", regime)
        assert drop == pytest.approx(0.2 * shutoff * (level("flow", regime) / 400) ** 2, rel=0.05)


@pytest.mark.parametrize(
    ("fault", "channel", "sign"),
    [
        ("cavitation", "pressure", -1),
        ("cavitation", "vibration", +1),
        ("clogged-inlet", "flow", -1),
        ("clogged-inlet", "pressure", -1),
        ("seal-wear", "pressure", -1),
        ("seal-wear", "current", +1),
        ("bearing-wear", "vibration", +1),
        ("bearing-wear", "temperature", +1),
    ],
)
def test_a_fault_moves_what_it_must_and_less_than_a_regime_does(
    fault: PumpFault, channel: str, sign: int
) -> None:
    pump = make_pump(rng(10), "pump-1")

    def mean_of(regime: str, events: list[Event]) -> float:
        window, _ = pump_history(rng(11), pump, hours=3, events=events, phases=[Phase(0.0, regime)])
        return float(readings(window, channel)[-3_600:].mean())

    usual = mean_of("full-load", [])
    moved = mean_of("full-load", [Event(fault, 0.0, 3 * 3_600.0, severity=0.6)]) - usual
    assert moved * sign > 0
    if channel != "vibration":
        # what a threshold on one channel trips over: a change of duty moves it further than the fault
        assert abs(mean_of("idle", []) - usual) > 2 * abs(moved)


def test_spans_say_when_faults_are_there_and_a_failure_stops_the_pump_at_its_time() -> None:
    events = [
        Event("seal-wear", 3_600.0, 7_200.0, growth=2, fails=True),
        Event("cavitation", 900.0, 1_800.0),
    ]
    window, spans = pump_history(rng(12), hours=3, events=events, phases=FULL_DAY)
    assert [(span.start, span.end, span.label) for span in spans] == [
        (900, 1_800, "cavitation"),
        (3_600, 7_200, "seal-wear"),
    ]
    flow = readings(window, "flow")
    assert flow[7_190:7_200].min() > 100
    assert flow[7_260:].max() < 5
    shaken = readings(window, "vibration")
    assert shaken[900:1_800].mean() > 1.5 * shaken[:900].mean()
    assert shaken[1_900:3_600].mean() == pytest.approx(shaken[:900].mean(), rel=0.1)


def test_a_start_warms_the_housing_slowly() -> None:
    phases = [Phase(0.0, "idle"), Phase(600.0, "full-load")]
    window, _ = pump_history(rng(13), hours=2, phases=phases)
    temperature, flow = readings(window, "temperature"), readings(window, "flow")
    assert flow[630] > 0.9 * flow[-600:].mean()
    cold, warm = temperature[:600].mean(), temperature[-600:].mean()
    assert 0.4 < (temperature[600 + 1_200] - cold) / (warm - cold) < 0.8  # one time constant


def test_a_plant_works_in_two_shifts_and_rests_on_sundays() -> None:
    phases = shifts(rng(14), 7 * 24, MONDAY)
    for phase in phases:
        at = MONDAY + timedelta(seconds=phase.start_s)
        if at.weekday() >= 5 or not 6 <= at.hour < 22:
            assert phase.regime == "idle"
    assert {phase.regime for phase in phases} == {"idle", "throttled", "part-load", "full-load"}
    starts = [phase.start_s for phase in phases]
    assert starts == sorted(starts)
    assert starts[0] == 0


def test_engines_age_until_their_last_cycle_and_no_two_alike() -> None:
    fleet = run_to_failure(rng(15), 30)
    cycles = [window.channels[0].readings.size for window in fleet]
    assert min(cycles) >= 60
    assert np.mean(cycles) == pytest.approx(200, rel=0.15)
    assert len({window.attributes["asset"] for window in fleet}) == 30
    ageing = "turbine outlet temperature"
    trends = [spearmanr(np.arange(n), readings(w, ageing))[0] for n, w in zip(cycles, fleet)]
    assert min(trends) > 0.5
    # at failure all have moved by the same, whatever their age
    ends = [readings(window, ageing)[-5:].mean() for window in fleet]
    starts = [readings(window, ageing)[:20].mean() for window in fleet]
    assert min(ends) > max(starts)
    assert np.ptp(readings(fleet[0], "engine pressure ratio")) == 0


def test_regimes_of_engines_hide_what_ageing_does() -> None:
    window = run_to_failure(rng(16), 1, regimes=6)[0]
    temperature, altitude = (
        readings(window, "turbine outlet temperature"),
        readings(window, "altitude"),
    )
    n = temperature.size
    assert abs(spearmanr(np.arange(n), temperature)[0]) < 0.3
    low = altitude < 100
    assert spearmanr(np.flatnonzero(low), temperature[low])[0] > 0.5


@pytest.mark.parametrize("fault", SENSOR_FAULTS)
def test_a_sensors_fault_spoils_one_channel_from_its_start_on(fault: SensorFault) -> None:
    window, _ = pump_history(rng(17), hours=1, phases=FULL_DAY)
    spoiled = inject(window, fault, rng(18), channel="pressure", start=600)
    for before, after in zip(window.channels, spoiled.channels):
        same = np.array_equal(before.readings, after.readings)
        assert same == (before.name != "pressure" or fault == "clock-step")
        np.testing.assert_array_equal(before.readings[:600], after.readings[:600])
    assert (spoiled.started_at != window.started_at) == (fault == "clock-step")
    decoded = decode_window(encode_window(spoiled))
    assert [c.name for c in decoded.channels] == [c.name for c in window.channels]


def test_each_sensors_fault_looks_like_itself() -> None:
    window = bearing_capture(rng(19), seconds=1)
    told = {
        fault: readings(inject(window, fault, rng(20)), "vibration")
        for fault in SENSOR_FAULTS
        if fault != "clock-step"
    }
    usual = readings(window, "vibration")
    assert np.ptp(told["stuck"]) == 0
    assert np.mean(told["saturated"] == told["saturated"].max()) > 0.1
    assert told["unplugged"].std() < 0.01 * usual.std()
    assert np.abs(told["spikes"]).max() > 10 * usual.std()
    assert 0.1 < np.isnan(told["dropouts"]).mean() < 0.5
    spectrum = np.abs(np.fft.rfft(told["mains"]))
    assert np.fft.rfftfreq(usual.size, 1 / window.rate_hz)[np.argmax(spectrum)] == 50
    ratio = told["scale"] / usual
    assert ratio == pytest.approx(ratio[0], rel=1e-3)
    assert not 0.5 < ratio[0] < 2


def test_unknown_faults_and_channels_are_named_and_a_clock_needs_a_time() -> None:
    window = bearing_capture(rng(21), seconds=0.1)
    with pytest.raises(DataError, match="no fault 'stock'") as caught:
        inject(window, "stock", rng())  # type: ignore[arg-type]
    assert "stuck" in caught.value.fix
    with pytest.raises(DataError, match="no channel 'vibratoin'"):
        inject(window, "stuck", rng(), channel="vibratoin")
    with pytest.raises(DataError, match="without a time"):
        inject(window, "clock-step", rng())


def test_the_same_seed_gives_the_same_machine() -> None:
    def everything(seed: int) -> list[bytes]:
        source = rng(seed)
        motor, pump = make_motor(source, "m"), make_pump(source, "p")
        return [
            encode_window(window)
            for window in (
                bearing_capture(source, motor, fault="ball", severity=0.5),
                gear_capture(source, fault="tooth", severity=0.5),
                pump_history(source, pump, hours=8, rate_hz=0.1)[0],
                *run_to_failure(source, 2, regimes=6),
            )
        ]

    assert everything(22) == everything(22)
    assert everything(22) != everything(23)
