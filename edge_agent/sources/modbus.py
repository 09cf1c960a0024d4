"""Polls a Modbus device: registers by a table, neighbours in one request (pymodbus, extra `machines`).

A register the device refuses is a gap of its signals. A unit behind a gateway that says nothing while others answer
gives no readings, as a machine that is off; a connection that ends is made anew by the source. Modbus knows no time:
readings are of the moment of their answer.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_agent.pulse import Pulse
from edge_agent.signals.feed import Feed
from edge_agent.sources.machine_config import ModbusSignal, ModbusSourceConfig
from kits.core.errors import ConfigError

if TYPE_CHECKING:
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient

_FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
_MOST = {"holding": 120, "input": 120, "coil": 1900, "discrete": 1900}
"""Registers of one request; the protocol allows 125 and 2,000."""
_NEAR = 8
"""So many unused registers in between cost less than another request."""
_APART = frozenset({2, 3, 4})
"""Exceptions by which devices refuse a whole request for one register in it that they have not, or for its length."""
_BUSY, _BEHIND = frozenset({5, 6}), frozenset({10, 11})
"""Exceptions of a device that has no time, and of a gateway that waited for one in vain."""
_EXCEPTIONS = {
    1: "illegal function", 2: "illegal data address", 3: "illegal data value", 4: "device failure",
    5: "acknowledge", 6: "device busy", 8: "memory parity error", 10: "gateway path unavailable",
    11: "gateway target failed to respond",
}  # fmt: skip
"""Modbus Application Protocol 1.1b3, section 7."""
_FIRST_REST_S, _LONGEST_REST_S = 1.0, 30.0
"""A silent unit, or request, is asked again after growing pauses, since the others wait for its time-out."""
_APART_S = 600.0
"""So long registers are read apart from neighbours that were refused: a device that starts refuses for a moment."""


@dataclass(frozen=True)
class Request:
    """Registers read at once, and the signals in them by number."""

    table: str
    device_id: int
    first: int
    count: int
    signals: tuple[int, ...]


def plan(signals: Sequence[ModbusSignal]) -> Iterator[Request]:
    """Few requests for all signals."""
    order = sorted(
        range(len(signals)),
        key=lambda n: (signals[n].table, signals[n].device_id, signals[n].address),
    )
    group: list[int] = []
    for number in order:
        if group and not _joins(signals, group, number):
            yield _request(signals, group)
            group = []
        group.append(number)
    if group:
        yield _request(signals, group)


def _joins(signals: Sequence[ModbusSignal], group: list[int], number: int) -> bool:
    first, signal = signals[group[0]], signals[number]
    end = max(signals[n].address + signals[n].width for n in group)
    return (
        (first.table, first.device_id) == (signal.table, signal.device_id)
        and signal.address <= end + _NEAR
        and signal.address + signal.width - first.address <= _MOST[first.table]
    )


def _request(signals: Sequence[ModbusSignal], group: list[int]) -> Request:
    first = signals[group[0]]
    end = max(signals[n].address + signals[n].width for n in group)
    count = end - first.address
    return Request(first.table, first.device_id, first.address, count, tuple(group))


def value_of(signal: ModbusSignal, words: Sequence[int]) -> float:
    """A reading from the registers of a signal."""
    if signal.type == "bit":
        return float(bool(words[0])) * signal.scale + signal.offset
    ordered = words if signal.words == "big" else tuple(reversed(words))
    content = b"".join(struct.pack(">H", word & 0xFFFF) for word in ordered)
    raw = float(struct.unpack(f">{_FORMATS[signal.type]}", content)[0])
    return raw * signal.scale + signal.offset


def apart(signals: Sequence[ModbusSignal], request: Request) -> tuple[Request, Request]:
    """A request of several signals as two: where most registers between them are unused, else in the middle."""
    order = request.signals
    ends = [signals[n].address + signals[n].width for n in order]
    middle = len(order) / 2
    cut = max(
        range(1, len(order)),
        key=lambda at: (signals[order[at]].address - max(ends[:at]), -abs(at - middle)),
    )
    return _request(signals, [*order[:cut]]), _request(signals, [*order[cut:]])


@dataclass
class _Rest:
    """Of what said nothing: when it is asked again, monotonic seconds, the pause before that, and why."""

    until_mono: float = 0.0
    pause_s: float = 0.0
    why: str = ""

    def begin(self, why: str) -> None:
        """Once more it said nothing."""
        self.pause_s = min(2 * self.pause_s or _FIRST_REST_S, _LONGEST_REST_S)
        self.until_mono, self.why = time.monotonic() + self.pause_s, why


class ModbusDriver:
    """A `SignalDriver`.

    Attributes:
        refused: requests that the device answered with an exception.
    """

    def __init__(self, config: ModbusSourceConfig) -> None:
        self._config = config
        self._requests = list(plan(config.signals))
        self._rests: dict[int | Request, _Rest] = {}
        self._silent_mono: dict[Request, float] = {}
        self._apart_mono: float | None = None
        self.refused = 0

    def run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        client = self._client()
        self._rests = {}
        self._plan()
        try:
            if not client.connect():
                return "the device does not answer"
            due = time.monotonic()
            while not closed.is_set():
                pulse.beat()
                why = self._poll(client, feed, pulse)
                if why:
                    return why
                due = max(due + self._config.poll_ms / 1000, time.monotonic())
                if pulse.wait(closed, due - time.monotonic()):
                    break
            return "closed"
        finally:
            client.close()  # type: ignore[no-untyped-call]  # pymodbus has no types here

    def _client(self) -> ModbusTcpClient | ModbusSerialClient:
        try:
            from pymodbus.client import ModbusSerialClient, ModbusTcpClient
        except ImportError as error:
            raise ConfigError(
                "pymodbus is not installed", where="source.kind: modbus",
                fix="pip install 'kitwright[agent,machines]'",
            ) from error  # fmt: skip
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it logs what is told anyway
        c = self._config
        if c.host:
            return ModbusTcpClient(c.host, port=c.port, timeout=c.timeout_s, retries=0)
        return ModbusSerialClient(
            c.serial, baudrate=c.baudrate, parity=c.parity, stopbits=c.stopbits,
            timeout=c.timeout_s, retries=1,
        )  # fmt: skip

    def _plan(self) -> None:
        self._requests, self._apart_mono = list(plan(self._config.signals)), None
        self._put_silent_last()

    def _put_silent_last(self) -> None:
        """Some devices say nothing to one request and answer the others."""
        self._requests.sort(key=lambda request: self._silent_mono.get(request, 0.0))

    def _poll(self, client: Any, feed: Feed, pulse: Pulse) -> str:
        """All requests once; why the connection is of no more use, or empty."""
        from pymodbus.exceptions import ModbusException

        if self._apart_mono is not None and time.monotonic() - self._apart_mono >= _APART_S:
            self._plan()
        answered, failure, asked = False, "", self._requests
        self._requests = []
        for request in asked:
            pulse.beat()
            if self._rests_still(request, feed):
                self._requests.append(request)
                continue
            try:
                self._requests += self._read(client, request, feed)
            except (ModbusException, OSError) as error:
                failure = f"no answer: {error}"
                self._requests.append(request)
                self._rest(request, f"unit {request.device_id} does not answer", feed)
            else:
                answered = True
        self._put_silent_last()
        return "" if answered else failure

    def _read(self, client: Any, request: Request, feed: Feed) -> list[Request]:
        """Reads once; how the same is to be read from now on."""
        answer = self._ask(client, request)
        if isinstance(answer, int) and answer in _BEHIND:
            self.refused += 1
            self._rest(request, _named(answer), feed)
            return [request]
        self._rests.pop(request.device_id, None)
        self._rests.pop(request, None)
        self._silent_mono.pop(request, None)
        if isinstance(answer, int):
            if answer not in _APART or len(request.signals) == 1:
                self._refused(request, answer, feed)
                return [request]
            self._apart_mono = self._apart_mono or time.monotonic()
            parts = apart(self._config.signals, request)
            return [one for part in parts for one in self._read(client, part, feed)]
        for number in request.signals:
            signal = self._config.signals[number]
            at = signal.address - request.first
            words = answer[at : at + signal.width]
            if len(words) < signal.width:
                feed.put(number, 0.0, good=False)
            else:
                feed.put(number, value_of(signal, words))
        return [request]

    def _ask(self, client: Any, request: Request) -> Sequence[int] | int:
        """The registers, or the exception by which the device refuses them."""
        from pymodbus.exceptions import ConnectionException

        verbs = {
            "holding": client.read_holding_registers, "input": client.read_input_registers,
            "coil": client.read_coils, "discrete": client.read_discrete_inputs,
        }  # fmt: skip
        read = partial(
            verbs[request.table], request.first, count=request.count, device_id=request.device_id
        )
        try:
            answer = read()
        except (ConnectionException, OSError):
            client.close()
            answer = read()  # many devices end a connection that rested; reading connects anew
        if answer.isError():
            return int(answer.exception_code)
        found: Sequence[int] = (
            answer.bits if request.table in ("coil", "discrete") else answer.registers
        )
        return found

    def _refused(self, request: Request, code: int, feed: Feed) -> None:
        """Gaps; a person is told why, unless it passes by itself."""
        self.refused += 1
        for number in request.signals:
            feed.put(number, 0.0, good=False)
        if code not in _BUSY:
            self._unusable(request, _named(code), feed)

    def _rest(self, request: Request, why: str, feed: Feed) -> None:
        """No reading, neither a bad one: whoever counts what arrives shall not take silence for an answer."""
        self._silent_mono[request] = time.monotonic()
        for silent in (request.device_id, request):
            self._rests.setdefault(silent, _Rest()).begin(why)
        self._rests_still(request, feed)

    def _rests_still(self, request: Request, feed: Feed) -> bool:
        """Whether it is not asked now; a person is told from the second time on: one answer may get lost."""
        now = time.monotonic()
        rests = (self._rests.get(silent) for silent in (request.device_id, request))
        standing = [rest for rest in rests if rest is not None and now < rest.until_mono]
        if not standing:
            return False
        longest = max(standing, key=lambda rest: rest.until_mono)
        if longest.pause_s > _FIRST_REST_S:
            self._unusable(request, longest.why, feed)
        return True

    def _unusable(self, request: Request, why: str, feed: Feed) -> None:
        for number in request.signals:
            feed.unusable(number, why)


def _named(code: int) -> str:
    return f"exception {code}, {_EXCEPTIONS.get(code, 'not known')}"
