"""The sender: outbox → frames → transport → the hub's acknowledgement → delete.

One thread owns the transport. A broker's PUBACK means nothing here: a row leaves the outbox when the hub
says it has committed it, and is sent again when the hub stays silent. Blobs (`uploads.py`) travel only
while no row waits to be sent.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.clock import boot_id
from edge_agent.log import log, warn
from edge_agent.sync.bandwidth import Pace
from edge_agent.sync.entry import Row, readable
from edge_agent.sync.flight import Flight, Sent
from edge_agent.sync.framer import Framer
from edge_agent.sync.hub_watch import HubWatch
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.transport import Message, Transport
from edge_agent.sync.uploads import UploadFigures, Uploads
from kits.core.errors import DataError
from kits.core.events import EVENT_CLASSES, EventClass
from kits.core.frames import MAX_ROWS, Ack, decode_ack
from kits.core.topics import DeviceTopics, Online, encode_online

_ALERT_SLOTS = 2
_CHUNK_ACK_DELAY_S = 2.0  # a hub may collect chunks this long before it answers
_IDLE_TURN_S = 0.05
_FIRST_PAUSE_S = 0.5
_MAX_PAUSE_S = 60.0
_MAX_SLEEP_S = 1.0
"""However long nothing is sent, the connection is looked after: no keep-alive is shorter than 5 s."""


@dataclass
class SenderFigures:
    """Counters since the start."""

    frames: int = 0
    rows: int = 0
    resent: int = 0
    acked_rows: int = 0
    bad_messages: int = 0
    failures: int = 0


class Sender:
    """Moves the outbox to the hub.

    Args:
        resend_s: least time of silence before a frame is sent again, seconds.
        away_s: first and longest pause between attempts while no hub listens, seconds.
        pace: how blobs travel; None: at any time and rate.
        clock: monotonic seconds.
        on_desired: hears what the hub wants this device to run.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        topics: DeviceTopics,
        *,
        resend_s: float = 3.0,
        away_s: tuple[float, float] = (1.0, 60.0),
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_desired: Callable[[bytes], None] = lambda _payload: None,
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._clock = clock
        self._on_desired = on_desired
        self._framer = Framer()
        self._flight = Flight(resend_s)
        self._hub = HubWatch(transport, clock, first_s=away_s[0], max_s=away_s[1])
        self._cursor: dict[EventClass, int] = dict.fromkeys(EVENT_CLASSES, 0)
        pace = pace or Pace()
        self._bucket = pace.bucket
        self._session = transport.session
        self._epoch, self._openings = outbox.epoch, outbox.openings
        self._reports: deque[bytes] = deque(maxlen=1)
        self._last_report: bytes = b""
        self._word_due = False
        self._stop = threading.Event()
        self._failed_turns = 0
        self._resume_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self.transport = transport
        self.uploads = Uploads(outbox, transport, topics, pace, clock=clock)
        self.figures = SenderFigures()
        self.ticked_at = clock()

    # -- the thread ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def connected(self) -> bool:
        """Whether the broker is reached."""
        return self.transport.connected

    @property
    def alarm(self) -> str:
        """Why the broker will not take this device, or empty."""
        return self.transport.alarm

    @property
    def hub_away(self) -> bool:
        """Whether the broker says that nobody takes in what this device sends."""
        return self._hub.away

    @property
    def upload_figures(self) -> UploadFigures:
        """Counters of the blobs."""
        return self.uploads.figures

    @property
    def rtt_s(self) -> float:
        """From a frame to the hub's acknowledgement, seconds, smoothed."""
        return self._flight.rtt_s

    def close(self, timeout_s: float = 5.0) -> None:
        """Ends the thread and says goodbye; what was not acknowledged stays in the outbox."""
        self._stop.set()
        self._thread.join(timeout_s)

    def report(self, payload: bytes) -> None:
        """The device's reported state: retained, the newest one wins, repeated on reconnect."""
        self._reports.append(payload)

    def say_online(self) -> None:
        """Has the hub hear once more that this device is there, where no row can tell it."""
        self._word_due = True

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step(_IDLE_TURN_S)
            except Exception as error:  # noqa: BLE001  top of a supervised loop
                self._stop.wait(self.failed(error))
        self.transport.close()

    def failed(self, error: Exception) -> float:
        """A turn went wrong: nothing is sent for a while; returns how long to do nothing at all, s."""
        self.figures.failures += 1
        self._failed_turns += 1
        pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(self._failed_turns - 1, 16), _MAX_PAUSE_S)
        self._resume_at = self._clock() + pause_s
        warn("sender_failed", error=repr(error), pause_s=pause_s)
        return min(pause_s, _MAX_SLEEP_S)

    def step(self, timeout_s: float) -> None:
        """One turn: hear, expire, send. Public so that tests can drive it by hand."""
        self._hear(self.transport.turn(timeout_s))
        self.ticked_at = self._clock()
        if self.ticked_at >= self._resume_at:
            self._send()
            self._failed_turns = 0

    def _send(self) -> None:
        self._look_at_outbox()
        if not self.transport.connected:
            return
        if self.transport.session != self._session:
            self._session = self.transport.session
            self._resume()
        self._send_report()
        self._send_word()
        self._hub.look()
        self._expire()
        if not self._send_rows():
            return
        if not self._hub.away:
            self.uploads.send()
        elif self._hub.may_send() and self.uploads.send(at_most=1):
            self._hub.sent()

    def _look_at_outbox(self) -> None:
        """A file that was replaced or opened anew: nothing that was taken from it may be relied on."""
        now = self._outbox.epoch, self._outbox.openings
        if now != (self._epoch, self._openings):
            self._epoch, self._openings = now
            self._forget()
            self.uploads.forget()

    def _forget(self) -> None:
        self._flight.clear()
        self._cursor = dict.fromkeys(EVENT_CLASSES, 0)

    def _resume(self) -> None:
        """A new connection: nothing that was in flight may be relied on."""
        self._forget()
        self._hub.resume()
        self.uploads.resume()
        if self._last_report and not self._reports:
            self._reports.append(self._last_report)

    # -- hearing ---------------------------------------------------------------------------------

    def _hear(self, messages: list[Message]) -> None:
        """All acknowledgements of a turn become one transaction."""
        acks = []
        for message in messages:
            if message.topic == self._topics.desired:
                self._on_desired(message.payload)
            elif message.topic == self._topics.ack:
                try:
                    acks.append(decode_ack(message.payload))
                except DataError as error:
                    self.figures.bad_messages += 1
                    warn("bad_ack", error=error.what)
        if acks:
            back = self._hub.heard()
            self._rows_acked(acks)
            if back:
                self._forget()  # what was sent while nobody listened is sent again now
            for ack in acks:
                self.uploads.heard(ack.blobs)

    def _rows_acked(self, acks: list[Ack]) -> None:
        ranges = [span for ack in acks if ack.epoch == self._epoch for span in ack.ranges]
        if not ranges:
            return
        try:
            self.figures.acked_rows += self._outbox.acknowledge(self._epoch, ranges)
        except sqlite3.OperationalError as error:
            # a full disk: the rows stay, are sent again and acknowledged again
            self.figures.failures += 1
            warn("acknowledgement_not_stored", error=error, ranges=len(ranges))
            return
        self._flight.acknowledged(ranges, self._clock())

    # -- sending ---------------------------------------------------------------------------------

    def _expire(self) -> None:
        now = self._clock()
        for key, sent in self._flight.late(now):
            if self.transport.room() > 0 and self._hub.may_send():
                self._resend(key, sent, now)
        limit_s = self._flight.silence_s(1) + _CHUNK_ACK_DELAY_S
        self.uploads.expire(limit_s, hub_away=self._hub.away)

    def _resend(self, key: int, sent: Sent, now: float) -> None:
        batch = self._outbox.again(sent.klass, min(sent.seqs), max(sent.seqs))
        if batch.epoch != self._epoch:
            return  # the next turn begins anew
        rows = [row for row in batch.rows if row.seq in sent.seqs]
        if sent.tries >= 2:
            rows = self._without_garbled(sent.klass, rows)
        if not rows:
            self._flight.drop(key)
            return
        if sent.tries >= 3 and self._flight.heard_since(sent.at):
            # the hub lives and answers others: one row it cannot take must not hold up its neighbours
            rows = rows[: max(1, len(rows) // 2)]
        payload, taken = self._frame(sent.klass, rows)
        if payload and self._publish(sent.klass, payload):
            self.figures.resent += 1
            self._flight.again(key, {row.seq for row in taken}, len(payload), now)

    def _without_garbled(self, klass: EventClass, rows: list[Row]) -> list[Row]:
        """Without rows that no hub can read, because the disk has changed them: those are given up."""
        garbled = {row.seq for row in rows if not readable(row)}
        if garbled:
            warn("rows_garbled", klass=klass, rows=len(garbled))
            self._outbox.give_up_rows(self._epoch, klass, garbled, "garbled on the disk")
        return [row for row in rows if row.seq not in garbled]

    def _send_rows(self) -> bool:
        """Sends what fits the window; True when no row waits to be sent."""
        for klass in EVENT_CLASSES:
            reserve = 0 if klass == "a" else min(_ALERT_SLOTS, self.transport.window // 4)
            while True:
                full = self._flight.crowded(_ALERT_SLOTS if klass == "a" else 0)
                if full or self.transport.room() <= reserve or not self._hub.may_send():
                    return False
                batch = self._outbox.claim(klass, self._cursor[klass], MAX_ROWS)
                if batch.epoch != self._epoch:
                    return False  # the next turn begins anew
                if not batch.rows:
                    break
                payload, taken = self._frame(klass, batch.rows)
                if payload and not self._publish(klass, payload):
                    return False
                self._cursor[klass] = taken[-1].seq
                if payload:
                    seqs = {row.seq for row in taken}
                    self._flight.sent(klass, seqs, len(payload), self._clock())
                    self.figures.frames += 1
                    self.figures.rows += len(taken)
        return True

    def _frame(self, klass: EventClass, rows: Sequence[Row]) -> tuple[bytes, Sequence[Row]]:
        """A frame with the first of these rows; empty when the first one alone fits no packet."""
        limit = self.transport.max_payload
        payload, taken = self._framer.build(self._epoch, rows, limit)
        if len(payload) <= limit:
            return payload, taken
        warn("row_too_large", klass=klass, bytes=len(payload), limit=limit)
        lost = [taken[0].seq]
        self._outbox.give_up_rows(self._epoch, klass, lost, "larger than the broker takes")
        return b"", taken

    def _publish(self, klass: EventClass, payload: bytes) -> bool:
        if not self.transport.publish(self._topics.frames(klass), payload):
            return False
        self._hub.sent()
        self._bucket.take(len(payload))
        return True

    def _send_report(self) -> None:
        if not self._reports:
            return
        payload = self._reports[-1]
        if self.transport.publish(self._topics.reported, payload, retain=True):
            self._last_report = payload
            self._reports.clear()
            log("reported", bytes=len(payload))

    def _send_word(self) -> None:
        if not self._word_due:
            return
        word = encode_online(Online(True, boot_id()))
        if self.transport.publish(self._topics.online, word, retain=True):
            self._word_due = False
