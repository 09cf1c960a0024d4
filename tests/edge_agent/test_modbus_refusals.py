"""Modbus devices that refuse, rest or say nothing: each costs its own signals, and a person is told which."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pydantic import ValidationError

from edge_agent.alert_book import AlertBook
from edge_agent.signals.feed import Feed
from edge_agent.sources.machine_config import ModbusSignal, ModbusSourceConfig
from edge_agent.sources.modbus import ModbusDriver
from edge_agent.sources.signals import SignalSource
from edge_agent.sync.entry import Entry
from tests.edge_agent.machine_servers import ScriptedModbus
from tests.edge_agent.test_modbus import Watched, config, signal
from tests.waiting import wait_for

Answer = Callable[[int, int, int], "list[int] | int | None"]


class Line:
    """A device that answers as a test says, a source on it, and the alerts it raised."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._device: ScriptedModbus | None = None
        self._watched: Watched | None = None
        self.alerts: list[tuple[str, str, str]] = []

    def start(
        self,
        answer: Answer,
        *signals: ModbusSignal,
        rest_s: float = 60.0,
        resets: bool = False,
        **changes: object,
    ) -> tuple[ScriptedModbus, Watched]:
        self._device = ScriptedModbus(self._port, answer, rest_s, resets=resets)
        made: ModbusSourceConfig = config(self._port, *signals, **changes)
        source = SignalSource(
            made, ModbusDriver(made), lambda *alert: self.alerts.append(alert), name="modbus",
            backoff_s=0.05,
        )  # fmt: skip
        self._watched = Watched(source)
        return self._device, self._watched

    def told(self, name: str) -> list[str]:
        return [
            text for found, severity, text in self.alerts if found == name and severity != "info"
        ]

    def end(self) -> None:
        if self._watched is not None and self._device is not None:
            self._watched.end()
            self._device.stop()


@pytest.fixture(autouse=True)
def _told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.signals.feed._CALM_S", 0.3)


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    made = Line(port)
    yield made
    made.end()


def only(*there: int) -> Answer:
    """A device that refuses a request which holds any other register, as the protocol says."""

    def answer(_unit: int, first: int, count: int) -> list[int] | int:
        wanted = range(first, first + count)
        return 2 if set(wanted) - set(there) else [10 * address for address in wanted]

    return answer


def test_registers_with_holes_between_them_are_read(line: Line) -> None:
    """Of a request that goes over a register which it has not, a device reads nothing."""
    signals = [signal("a", 1), signal("b", 3), signal("c", 4), signal("d", 9)]
    device, watched = line.start(only(1, 3, 4, 9), *signals)
    wait_for(lambda: len(watched.captured) >= 3)
    assert [watched.latest(name) for name in "abcd"] == [10, 30, 40, 90]
    assert set(device.asked[-12:]) == {(1, 1, 1), (1, 3, 2), (1, 9, 1)}
    assert not line.alerts


def test_a_register_that_is_not_there_costs_its_neighbours_nothing_and_is_told(line: Line) -> None:
    signals = [signal("a", 0), signal("wrong", 1), signal("c", 2)]
    _, watched = line.start(only(0, 2), *signals)
    wait_for(lambda: len(watched.captured) >= 3)
    assert (watched.latest("a"), watched.latest("c")) == (0, 20)
    assert np.isnan(watched.latest("wrong"))
    wait_for(lambda: bool(line.told("signals-unusable")))
    assert line.told("signals-unusable") == [
        "modbus: not read: wrong (exception 2, illegal data address)"
    ]


def test_a_signal_whose_limits_fit_none_of_its_readings_is_told(line: Line) -> None:
    """Tenths of a degree, and limits in degrees."""
    signals = [signal("temp", 0, high=200), signal("flow", 1, high=4000)]
    line.start(lambda _unit, _first, count: [2350] * count, *signals)
    wait_for(lambda: bool(line.told("signals-unusable")))
    assert line.told("signals-unusable") == [
        "modbus: not read: temp (2350 is beyond its low or high)"
    ]


def test_a_device_that_reads_few_registers_at_once_is_read(line: Line) -> None:
    def answer(_unit: int, first: int, count: int) -> list[int] | int:
        return 3 if count > 16 else list(range(first, first + count))

    _, watched = line.start(answer, *(signal(f"s{n}", n) for n in range(60)))
    wait_for(lambda: len(watched.captured) >= 2)
    assert [watched.latest(f"s{n}") for n in range(60)] == list(range(60))


@pytest.mark.parametrize(
    ("instead", "said"),
    [(None, "unit 2 does not answer"), (11, "exception 11, gateway target failed to respond")],
)
def test_a_unit_that_is_silent_takes_no_other_one_with_it(
    line: Line, instead: int | None, said: str
) -> None:
    """Behind a gateway one machine is off over the weekend: the others go on, at their own pace."""
    silent = threading.Event()
    silent.set()

    def answer(unit: int, _first: int, count: int) -> list[int] | int | None:
        return instead if unit == 2 and silent.is_set() else [unit] * count

    signals = [signal("one", 0), signal("two", 0, device_id=2), signal("also_two", 99, device_id=2)]
    device, watched = line.start(answer, *signals, timeout_s=0.2)
    wait_for(lambda: device.asked.count((2, 0, 1)) >= 2)
    assert sum(unit == 2 for unit, *_ in device.asked) <= 4  # one request in each of growing pauses
    assert device.asked.count((1, 0, 1)) > 10
    assert watched.latest("one") == 1
    assert np.isnan(watched.latest("two"))
    assert device.connections == 1
    assert not line.told("source-lost")
    wait_for(lambda: bool(line.told("signals-unusable")))
    (told,) = line.told("signals-unusable")
    assert told == f"modbus: not read: two ({said}), also_two ({said})"
    silent.clear()
    wait_for(lambda: watched.latest("two") == 2 and watched.latest("also_two") == 2)
    wait_for(lambda: line.alerts[-1][:2] == ("signals-unusable", "info"))


def test_an_alert_of_what_is_not_read_names_what_is_not_read_now() -> None:
    """Another unit is switched off while one is off already."""
    entries: list[Entry] = []
    book = AlertBook(lambda entry: not entries.append(entry))
    made = config(1502, *(signal(name, at, device_id=at) for at, name in enumerate("abc")))
    feed = Feed(made, book, name="modbus")
    for number, why in ((0, "unit 0 does not answer"), (1, "unit 1 does not answer")):
        feed.unusable(number, why)
        wait_for(lambda: bool(list(feed.due())) or why in book.open().get("signals-unusable", ""))  # noqa: B023  waited for here
    assert book.open() == {
        "signals-unusable": "modbus: not read: a (unit 0 does not answer), b (unit 1 does not answer)"
    }


@pytest.mark.parametrize("instead", [None, 11])
def test_units_that_are_all_silent_are_a_source_that_is_lost(
    line: Line, instead: int | None
) -> None:
    """Told once, and nothing is made of silence: no readings that seem to come back, no windows of nothing."""
    signals = [signal("one", 0), signal("two", 0, device_id=2)]
    device, watched = line.start(lambda *_: instead, *signals, timeout_s=0.1, stale_s=0.5)
    wait_for(lambda: bool(line.told("source-lost")) and len(device.asked) >= 6)
    assert [alert[:2] for alert in line.alerts if alert[0] == "source-lost"] == [
        ("source-lost", "error")
    ]
    assert not watched.source.feed.figures.readings
    assert not watched.captured


@pytest.mark.parametrize("instead", [None, 11])
def test_a_device_that_says_nothing_to_one_request_gives_the_others(
    line: Line, instead: int | None
) -> None:
    """Many leave what they do not have without an answer; a gateway before them makes an exception of it."""

    def answer(_unit: int, first: int, count: int) -> list[int] | int | None:
        return instead if first == 0 else [first] * count

    signals = [signal("wrong", 0), signal("a", 50), signal("b", 100)]
    device, watched = line.start(answer, *signals, timeout_s=0.1)
    wait_for(lambda: (watched.latest("a"), watched.latest("b")) == (50, 100))
    wait_for(lambda: bool(line.told("signals-unusable")))
    (told,) = line.told("signals-unusable")
    assert told.startswith("modbus: not read: wrong (") and "," not in told.partition("(")[0]
    wait_for(lambda: device.asked.count((1, 50, 1)) > 5 * device.asked.count((1, 0, 1)))
    # found to be no silent device once the others were asked
    assert len(line.told("source-lost")) <= 1


@pytest.mark.parametrize("resets", [False, True])
def test_a_device_that_ends_a_connection_which_rests_is_no_source_that_is_lost(
    line: Line, resets: bool
) -> None:
    device, watched = line.start(
        lambda _unit, _first, count: [7] * count,
        signal("a", 0),
        rest_s=0.05,
        poll_ms=200,
        stale_s=5,
        resets=resets,
    )
    wait_for(lambda: device.connections >= 4)
    assert watched.source.feed.figures.readings >= 3
    assert not line.alerts


def test_a_device_that_is_busy_is_asked_again_and_nobody_is_told(line: Line) -> None:
    until = time.monotonic() + 0.5

    def answer(_unit: int, _first: int, count: int) -> list[int] | int:
        return 6 if time.monotonic() < until else [3] * count

    _, watched = line.start(answer, signal("a", 0))
    wait_for(lambda: watched.latest("a") == 3)
    assert not line.alerts


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"poll_ms": 60_000}, "stale_s above 60"),
        (
            {"signals": [{"name": "a", "address": 65_535, "type": "float32"}]},
            "a ends beyond register",
        ),
    ],
)
def test_what_can_never_be_read_in_time_or_at_all_is_refused(
    changes: dict[str, object], said: str
) -> None:
    given = {"host": "plc", "signals": [{"name": "a", "address": 0}], **changes}
    with pytest.raises(ValidationError, match=said):
        ModbusSourceConfig.model_validate(given)
    ModbusSourceConfig.model_validate(
        {**given, "signals": [{"name": "a", "address": 0}], "stale_s": 180}
    )
