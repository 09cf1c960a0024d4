"""The sender: outbox → frames → transport → the hub's acknowledgement → delete.

One thread owns the transport. A broker's PUBACK means nothing here: a row leaves the outbox when
the hub says it has committed it, and is sent again when the hub stays silent. Blob chunks travel
only while no row waits to be sent.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.log import log, warn
from edge_agent.sync.blobs import Transfer
from edge_agent.sync.framer import build_frame
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.transport import Message, Transport
from kits.core.errors import DataError
from kits.core.events import EVENT_CLASSES, EventClass
from kits.core.frames import CHUNK_BYTES, MAX_ROWS, Ack, decode_ack, encode_chunk
from kits.core.topics import DeviceTopics

_MAX_SILENCE_S = 60.0
_TRANSFERS = 4
_CHUNKS_IN_FLIGHT = 8
_ALERT_SLOTS = 2
_CHUNK_ACK_DELAY_S = 2.0  # a hub may collect chunks this long before it answers
_IDLE_TURN_S = 0.05
_MAX_REASON = 200


@dataclass
class _Sent:
    klass: EventClass
    seqs: set[int]
    at: float
    tries: int = 1


@dataclass
class SenderFigures:
    """Counters since the start."""

    frames: int = 0
    rows: int = 0
    resent: int = 0
    acked_rows: int = 0
    chunks: int = 0
    chunk_timeouts: int = 0
    blobs: int = 0
    blobs_refused: int = 0
    bad_messages: int = 0
    last_ack_at: float | None = None
    rtt_s: float = field(default=0.0)


class Sender:
    """Moves the outbox to the hub.

    Args:
        resend_s: least time of silence before a frame is sent again, seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        topics: DeviceTopics,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        resend_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        on_desired: Callable[[bytes], None] = lambda _payload: None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._topics = topics
        self._chunk_bytes = chunk_bytes
        self._resend_s = resend_s
        self._clock = clock
        self._on_desired = on_desired
        self._in_flight: dict[int, _Sent] = {}
        self._cursor: dict[EventClass, int] = dict.fromkeys(EVENT_CLASSES, 0)
        self._transfers: dict[str, Transfer] = {}
        self._session = transport.session
        self._epoch = outbox.epoch
        self._reports: deque[bytes] = deque(maxlen=1)
        self._last_report: bytes = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
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
        return self._transport.connected

    @property
    def alarm(self) -> str:
        """Why the broker will not take this device, or empty."""
        return self._transport.alarm

    def close(self, timeout_s: float = 5.0) -> None:
        """Ends the thread and says goodbye; what was not acknowledged stays in the outbox."""
        self._stop.set()
        self._thread.join(timeout_s)

    def chunk_bytes_in_use(self) -> int:
        """The smallest chunk size of the blobs on their way."""
        return min((t.chunk_bytes for t in self._transfers.values()), default=self._chunk_bytes)

    def report(self, payload: bytes) -> None:
        """The device's reported state: retained, the newest one wins, repeated on reconnect."""
        self._reports.append(payload)

    def _run(self) -> None:
        pause_s = 0.5
        while not self._stop.is_set():
            try:
                self.step(_IDLE_TURN_S)
                pause_s = 0.5
            except Exception as error:  # noqa: BLE001  top of a supervised loop
                warn("sender_failed", error=repr(error), pause_s=pause_s)
                self._stop.wait(pause_s)
                pause_s = min(pause_s * 2, 60.0)
        self._transport.close()

    def step(self, timeout_s: float) -> None:
        """One turn: hear, expire, send. Public so that tests can drive it by hand."""
        for message in self._transport.turn(timeout_s):
            self._hear(message)
        self.ticked_at = self._clock()
        if self._outbox.epoch != self._epoch:
            self._epoch = self._outbox.epoch
            self._forget()
        if not self._transport.connected:
            return
        if self._transport.session != self._session:
            self._session = self._transport.session
            self._resume()
        self._send_report()
        self._expire()
        if self._send_rows():
            self._send_chunks()

    def _forget(self) -> None:
        self._in_flight.clear()
        self._cursor = dict.fromkeys(EVENT_CLASSES, 0)

    def _resume(self) -> None:
        """A new connection: nothing that was in flight may be relied on."""
        self._forget()
        for transfer in self._transfers.values():
            transfer.sent_at.clear()
        if self._last_report and not self._reports:
            self._reports.append(self._last_report)

    # -- hearing ---------------------------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        if message.topic == self._topics.desired:
            self._on_desired(message.payload)
            return
        if message.topic != self._topics.ack:
            return
        try:
            ack = decode_ack(message.payload)
        except DataError as error:
            self.figures.bad_messages += 1
            warn("bad_ack", error=error.what)
            return
        if ack.epoch == self._outbox.epoch and ack.ranges:
            self._rows_acked(ack)
        for digest, blob in ack.blobs.items():
            if blob.refused:
                self._give_up(digest, blob.refused)
                continue
            transfer = self._transfers.get(digest)
            complete = blob.done if transfer is None else transfer.acknowledged(blob)
            if complete:
                self._transfers.pop(digest, None)
                self._outbox.blob_done(digest)
                self.figures.blobs += 1

    def _give_up(self, digest: str, why: str) -> None:
        warn("blob_refused", digest=digest[:12], why=why[:_MAX_REASON])
        self._transfers.pop(digest, None)
        self._outbox.give_up_blob(digest, f"refused by the hub: {why[:_MAX_REASON]}")
        self.figures.blobs_refused += 1

    def _rows_acked(self, ack: Ack) -> None:
        now = self._clock()
        self.figures.acked_rows += self._outbox.acknowledge(ack.ranges)
        self.figures.last_ack_at = now
        for key, sent in list(self._in_flight.items()):
            before = len(sent.seqs)
            sent.seqs = {seq for seq in sent.seqs if not any(a <= seq <= b for a, b in ack.ranges)}
            if len(sent.seqs) < before and sent.tries == 1:
                rtt = now - sent.at
                self.figures.rtt_s += 0.2 * (rtt - self.figures.rtt_s)
            if not sent.seqs:
                del self._in_flight[key]

    # -- sending ---------------------------------------------------------------------------------

    def _silence_s(self, tries: int) -> float:
        base = max(self._resend_s, 3 * self.figures.rtt_s)
        return min(base * float(1 << min(tries - 1, 10)), max(base, _MAX_SILENCE_S))

    def _expire(self) -> None:
        now = self._clock()
        for key, sent in list(self._in_flight.items()):
            if now - sent.at > self._silence_s(sent.tries) and self._transport.room() > 0:
                self._resend(key, sent, now)
        limit_s = max(self._resend_s, 3 * self.figures.rtt_s) + _CHUNK_ACK_DELAY_S
        for transfer in self._transfers.values():
            self.figures.chunk_timeouts += transfer.expire(now, limit_s)

    def _resend(self, key: int, sent: _Sent, now: float) -> None:
        rows = self._outbox.between(sent.klass, min(sent.seqs), max(sent.seqs))
        rows = [row for row in rows if row.seq in sent.seqs]
        if not rows:
            del self._in_flight[key]
            return
        heard_at = self.figures.last_ack_at
        if sent.tries >= 3 and heard_at is not None and heard_at > sent.at:
            # the hub lives and answers others: one row the hub cannot take must not hold up its neighbours
            rows = rows[: max(1, len(rows) // 2)]
        payload, taken = build_frame(self._outbox.epoch, rows)
        if not self._transport.publish(self._topics.frames(sent.klass), payload):
            return
        self.figures.resent += 1
        left = sent.seqs - {row.seq for row in taken}
        sent.seqs, sent.at, sent.tries = {row.seq for row in taken}, now, sent.tries + 1
        if left:
            self._in_flight[min(left)] = _Sent(sent.klass, left, now, sent.tries - 1)

    def _send_rows(self) -> bool:
        """Sends what fits the window; True when no row waits to be sent."""
        for klass in EVENT_CLASSES:
            reserve = 0 if klass == "a" else min(_ALERT_SLOTS, self._transport.room() // 4)
            while True:
                rows = self._outbox.take(klass, self._cursor[klass], MAX_ROWS)
                if not rows:
                    break
                if self._transport.room() <= reserve or self._crowded(klass):
                    return False
                payload, taken = build_frame(self._outbox.epoch, rows)
                self._outbox.mark_sent(row.seq for row in taken)
                if not self._transport.publish(self._topics.frames(klass), payload):
                    return False
                self._in_flight[taken[0].seq] = _Sent(
                    klass, {row.seq for row in taken}, self._clock()
                )
                self._cursor[klass] = taken[-1].seq
                self.figures.frames += 1
                self.figures.rows += len(taken)
        return True

    def _crowded(self, klass: EventClass) -> bool:
        """Whether unacknowledged frames fill the window; PUBACKs say nothing about the hub."""
        waiting = len(self._in_flight)
        return waiting >= (24 if klass == "a" else 20)

    def _send_chunks(self) -> None:
        self._begin_transfers()
        in_flight = sum(len(t.sent_at) for t in self._transfers.values())
        for digest, transfer in list(self._transfers.items()):
            while in_flight < _CHUNKS_IN_FLIGHT and self._transport.room() > _ALERT_SLOTS:
                number = transfer.next_chunk()
                if number is None:
                    break
                payload = encode_chunk(transfer.content, number, transfer.chunk_bytes)
                if not self._transport.publish(self._topics.chunk(digest, number), payload):
                    return
                transfer.sent_at[number] = self._clock()
                self.figures.chunks += 1
                in_flight += 1

    def _begin_transfers(self) -> None:
        if len(self._transfers) >= _TRANSFERS:
            return
        ready = dict(self._outbox.ready_blobs(_TRANSFERS))
        for digest in list(self._transfers):
            if digest not in ready:
                del self._transfers[digest]  # evicted meanwhile
        for digest in ready:
            if digest in self._transfers or len(self._transfers) >= _TRANSFERS:
                continue
            try:
                content = self._outbox.spool.get(digest)
            except DataError as error:
                warn("blob_lost", digest=digest[:12], error=error.what)
                self._outbox.give_up_blob(digest, "damaged in the spool")
                continue
            self._transfers[digest] = Transfer(digest, content, self._chunk_bytes)

    def _send_report(self) -> None:
        if not self._reports:
            return
        payload = self._reports[-1]
        if self._transport.publish(self._topics.reported, payload, retain=True):
            self._last_report = payload
            self._reports.clear()
            log("reported", bytes=len(payload))
