"""Sends a pretended CRM's events to the hub as the vendor does: in batches, again when refused, banned when it fails.

What is due is in `queue.py`; how a message looks and is signed is the vendor's; nothing here looks into a message.
"""

from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from cloud_sync.crm.simulator.queue import EventQueue, Noise, Waiting
from cloud_sync.crm.simulator.values import Message, Schedule, SimEvent
from cloud_sync.effects.connection import retry_after

MAX_ANSWER_BYTES = 64 << 10
FRESH_S = 2.0
"""A connection that lay idle for longer is opened anew: servers close those."""


class Writer(Protocol):
    """Makes messages, and knows whether an answer says that they were taken."""

    batch: int
    schedule: Schedule

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """Signed for now, to this address."""
        ...

    def taken(self, status: int, body: bytes, /) -> bool:
        """Whether this answer means that the events arrived."""
        ...


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where the hub is.

    Attributes:
        url: where it listens for this CRM: `https://HUB/v1/crm/NAME`.
        signed: the address as the hub is known outside, where that is another; it is what is signed.
        context: whom to trust; None: the system's CAs.
    """

    url: str
    signed: str = ""
    context: ssl.SSLContext | None = None


QUIET = Noise()


class Sender:
    """Threads that send.

    Args:
        scale: waits are so many times shorter than the vendor's.
        workers: how many requests are under way at once.
        told: gets a line about what was sent and answered.
    """

    def __init__(
        self,
        hub: HubAddress,
        writer: Writer,
        *,
        noise: Noise = QUIET,
        scale: float = 1.0,
        workers: int = 4,
        seed: int = 0,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self._rng = random.Random(f"sender:{seed}")  # noqa: S311 - delays
        self.queue = EventQueue(noise, self._rng, time.monotonic)
        self._hub = hub
        self._signed = hub.signed or hub.url
        self._writer = writer
        self._scale = scale
        self._told = told
        self._lock = threading.Lock()
        self._failed_first = 0
        self._banned_until = 0.0
        self._last_ok = time.monotonic()
        self._deleted = False
        self._threads = [
            threading.Thread(target=self._work, name=f"crm-sender-{i}", daemon=True)
            for i in range(workers)
        ]

    def start(self) -> None:
        """Begins to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends at once; what was not sent stays unsent."""
        self.queue.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(self._writer.schedule.timeout_s + 5)

    def offer(self, events: Sequence[SimEvent]) -> None:
        """Events that have just happened."""
        self._expire()
        why = "lost_deleted" if self._deleted else "lost_banned" if self.banned else ""
        if why:
            self.queue.count("events", len(events))
            self.queue.count(why, len(events))
        else:
            self.queue.offer(events)

    @property
    def banned(self) -> bool:
        """Whether nothing is sent for a while."""
        return time.monotonic() < self._banned_until

    def renew(self) -> None:
        """Somebody makes the webhook again: a ban or deletion is over."""
        with self._lock:
            self._deleted, self._banned_until, self._failed_first = False, 0.0, 0
            self._last_ok = time.monotonic()

    def figures(self) -> dict[str, int | bool]:
        """What was sent, and what became of it."""
        return {
            **dict(sorted(self.queue.counts.items())),
            "waiting": len(self.queue),
            "banned": self.banned,
            "deleted": self._deleted,
        }

    def _expire(self) -> None:
        dead_after_s = self._writer.schedule.dead_after_s / self._scale
        if dead_after_s and time.monotonic() - self._last_ok > dead_after_s:
            self._delete("no success for too long")

    def _delete(self, why: str) -> None:
        with self._lock:
            if self._deleted:
                return
            self._deleted = True
        self._say(f"the webhook is switched off: {why}")
        self.queue.clear("lost_deleted")

    def _say(self, line: str) -> None:
        if self._told is not None:
            self._told(line)

    def _work(self) -> None:
        post = Poster(self._hub.url, self._writer.schedule.timeout_s, self._hub.context)
        try:
            while waiting := self.queue.take(self._writer.batch):
                message = self._writer.message(waiting, self._signed)
                self._judge(waiting, *post.send(message))
        finally:
            post.close()

    def _judge(
        self, waiting: Sequence[Waiting], status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        ok = bool(status) and self._writer.taken(status, body)
        self.queue.count("messages")
        self.queue.count("sent", len(waiting))
        self.queue.count(f"answered_{status}" if status else "no_answer")
        self._say(f"{len(waiting)} events → {status or 'no answer'}")
        if ok:
            self._last_ok = time.monotonic()
            self.queue.count("accepted", len(waiting))
            self.queue.done(waiting)
            return
        self._refused(waiting, status, headers)

    def _refused(self, waiting: Sequence[Waiting], status: int, headers: Mapping[str, str]) -> None:
        schedule = self._writer.schedule
        self._count_failure(waiting)
        if self.banned:
            self.queue.lost(waiting, "lost_banned")
            return
        if status in schedule.disabled_by:
            self.queue.lost(waiting, "lost_deleted")
            self._delete(f"HTTP {status}")
            return
        if status in schedule.final or (schedule.only and status not in schedule.only):
            self.queue.lost(waiting, "lost_refused")
            return
        asked_s = retry_after(headers.get("retry-after", ""), time.time())
        for attempt in sorted({one.attempt for one in waiting}):
            same = [one for one in waiting if one.attempt == attempt]
            if attempt > len(schedule.waits_s):
                self.queue.lost(same, "lost_given_up")
                continue
            wait_s = schedule.waits_s[attempt - 1]
            wait_s *= 1 + schedule.jitter * self._rng.uniform(-1, 1)
            if schedule.honours_retry_after and status == 429:
                wait_s = max(wait_s, asked_s)
            self.queue.count("retries", len(same))
            self.queue.again(same, wait_s / self._scale)

    def _count_failure(self, waiting: Sequence[Waiting]) -> None:
        schedule = self._writer.schedule
        if not schedule.ban_after or all(one.attempt > 1 for one in waiting):
            return
        with self._lock:
            self._failed_first += 1
            if self._failed_first < schedule.ban_after:
                return
            self._failed_first = 0
            self._banned_until = time.monotonic() + schedule.ban_s / self._scale
        self.queue.count("bans")
        self.queue.clear("lost_banned")
        self._say(f"banned for {schedule.ban_s / self._scale:.0f} s: what happens now is lost")


class Poster:
    """One connection that is kept open. Redirects are not followed."""

    def __init__(self, url: str, timeout_s: float, context: ssl.SSLContext | None) -> None:
        self._url: SplitResult = urlsplit(url)
        self._timeout_s = timeout_s
        self._context = context
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0

    def send(self, message: Message) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and beginning of the answer; status 0: there was none."""
        connection = self._open()
        target = f"{self._url.path}{message.path}" or "/"
        if self._url.query:
            target += f"?{self._url.query}"
        try:
            connection.request("POST", target, message.body, dict(message.headers))
            answer = connection.getresponse()
            body = answer.read(MAX_ANSWER_BYTES)
        except (http.client.HTTPException, OSError):
            self.close()
            return 0, {}, b""
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if not answer.isclosed() or headers.get("connection", "") == "close":
            self.close()
        self._used = time.monotonic()
        return answer.status, headers, body

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is not None and time.monotonic() - self._used < FRESH_S:
            return self._connection
        self.close()
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            context = self._context or ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        return self._connection

    def close(self) -> None:
        """Closes it; the next message opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
