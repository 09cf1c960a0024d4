"""A mailbox as a source: each new mail once, oldest first, and what was decided is carried out in between.

One thread and one connection do everything, so a mailbox is never read faster than its mails are dealt with. A
connection that is lost is made anew, with pauses that grow; which mails were read and decided is the ledger's
knowledge, never the server's flags.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from edge_agent.errors import (
    MailboxBusyError,
    MailboxError,
    MailboxLoginError,
    MailboxRefusedError,
    SourceError,
)
from edge_agent.log import warn
from edge_agent.mail.acting import Actor
from edge_agent.mail.beginning import Beginning
from edge_agent.mail.hook import Hook
from edge_agent.mail.identity import MAX_HEAD, sample_id_of
from edge_agent.mail.in_work import DEATHS, InWork
from edge_agent.mail.intents import Intents
from edge_agent.mail.learning import Learner
from edge_agent.mail.mailbox import FolderState, Mailbox
from edge_agent.mail.places import Places, places_of
from edge_agent.mail.pruning import was_read
from edge_agent.mail.room import STUCK, Letter, MailRoom
from edge_agent.mail.sending import Sending
from edge_agent.mail.withheld import Withheld
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from kits.core.ready import ReadyBundle

MEDIA_TYPE = "message/rfc822"
LOST, REFUSES = "mailbox-lost", "mailbox-refuses"
_BATCH = 50
"""Mails fetched together."""
_BATCH_BYTES = 4 << 20
_FIRST_PAUSE_S, _MAX_PAUSE_S = 1.0, 300.0
_LOGIN_PAUSE_S = 60.0
"""Servers lock accounts out that try a wrong password often."""
_STUCK_PAUSE_S, _MAX_STUCK_PAUSE_S = 2.0, 60.0
_BUNDLE_PAUSE_S = 0.5
_CALM_S = 600.0
"""Servers end a connection whose token or time is over, Exchange each hour: one such end is no fault."""


class ImapSource:
    """A `Source`.

    Args:
        room: takes what is decided.
        connect: makes a connection.
        in_work: remembers which mail is being judged.
        at_work: the bundle that decides; until there is one, mails wait in the mailbox.
        sending: None: nothing is ever sent.
        hook: None: no help desk is told.
    """

    def __init__(
        self,
        room: MailRoom,
        connect: Callable[[], Mailbox],
        alerts: Alerts,
        in_work: InWork,
        at_work: Callable[[], ReadyBundle | None],
        health: SourceHealth,
        sending: Sending | None = None,
        hook: Hook | None = None,
    ) -> None:
        self._config = room.config
        self.room = room
        self._connect = connect
        self._alerts = alerts
        self._in_work = in_work
        self._at_work = at_work
        self._intents = Intents(room.config, alerts, at_work)
        self._sending = sending
        self._hook = hook
        self._closed = threading.Event()
        self._pause_s = _FIRST_PAUSE_S
        self._stuck = False
        self._batch = _BATCH
        self._works = False
        self._lost_at = float("-inf")
        self._withheld = Withheld()
        self._beginning = Beginning(room.ledger, room.config.since)
        self.learner = Learner(room, self._intents)
        self.health = health
        self.live = True

    def samples(self) -> Iterator[Captured]:
        try:
            while not self._closed.is_set():
                try:
                    yield from self._connection()
                    return
                except MailboxLoginError as error:
                    self._lost(REFUSES, error)
                    if self._config.once:
                        raise SourceError(error.what, where=error.where, fix=error.fix) from error
                    self._pause_s = max(self._pause_s, _LOGIN_PAUSE_S)
                except MailboxError as error:
                    self._lost(LOST, error, quietly=self._is_ordinary_end())
                except (sqlite3.Error, OSError) as error:
                    # of the ledger: what was under way is asked of the mailbox when it goes on
                    self._stuck = True
                    warn("mail_ledger_stuck", error=error)
                    self._alerts(STUCK, "error", f"the disk does not take decisions: {error}")
                self._rest(self._pause_s)
                self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)
        finally:
            self.health.end()
            if self._hook is not None:
                self._hook.close()
            with contextlib.suppress(sqlite3.Error):  # else at the next start
                self.room.teller.tell()

    def close(self) -> None:
        self._closed.set()

    # -- one connection --------------------------------------------------------------------------

    def _connection(self) -> Iterator[Captured]:
        """Until it is lost, or there is nothing more to come.

        The pulse beats only while it waits for mail: whatever is asked of the server has time-outs of its own, and
        may take long on a slow line.
        """
        box = self._connect()
        try:
            self.room.teller.tell()  # a ledger that was lost is noticed before anything is done
            places = places_of(box, self.room)
            actor = Actor(self.room, box, places, self._sending)
            actor.recover(self._rest)
            self._back()
            self.learner.look(box, places)
            while not self._closed.is_set():
                found = self.health.captured
                for folder in self._config.folders:
                    yield from self._folder(box, actor, folder)
                self._look(box, actor, places)
                if self._config.once and self.health.captured == found:
                    return
                if self.health.captured == found:
                    box.open(self._config.folders[0])
                    box.wait(self._config.poll_s, self._closed, self.health.capture.beat)
                    self.health.capture.rest()
        finally:
            self.health.capture.rest()
            box.close()

    def _look(self, box: Mailbox, actor: Actor, places: Places) -> None:
        actor.act(doubtful=True)
        self._intents.look()
        self.learner.look(box, places)
        self.room.forget()
        if self._hook is not None:
            self._hook.look()
        self.room.teller.tell()
        self._works = True
        # not when a connection is made: a server or a disk that fails right after that is not asked each second
        self._pause_s = _FIRST_PAUSE_S
        if self._stuck and self.room.can_keep():
            self._stuck = False
            self._alerts(STUCK, "info", "the disk takes decisions about mails again")

    def _folder(self, box: Mailbox, actor: Actor, folder: str) -> Iterator[Captured]:
        state = box.open(folder, fresh=True)
        ledger = self.room.ledger
        found = self._beginning.uids(box, folder, state, self.room.clock())
        first, last = self._withheld.split(folder, state.validity, found)
        yield from self._batches(box, actor, folder, state, first)
        for uid in last:
            yield from self._batches(box, actor, folder, state, [uid])
        if not ledger.is_behind() and not self._closed.is_set():
            was_read(ledger, folder, self.room.clock())

    def _batches(
        self, box: Mailbox, actor: Actor, folder: str, state: FolderState, uids: Sequence[int]
    ) -> Iterator[Captured]:
        while uids and not self.room.ledger.is_behind():
            now, uids = uids[: self._batch], uids[self._batch :]
            for letter in self._letters(box, folder, state.validity, now):
                if self._closed.is_set():
                    return
                yield from self._one(letter, actor)
                box.open(folder)
            self._batch = min(2 * self._batch, _BATCH)

    def _one(self, letter: Letter, actor: Actor) -> Iterator[Captured]:
        """A letter until it is decided: on a disk that takes nothing it comes again."""
        ledger = self.room.ledger
        if ledger.knows(letter.sample_id):
            ledger.pass_by(f"in/{letter.folder}", letter.validity, letter.uid)
            return
        while self._at_work() is None:
            if self._rest(_BUNDLE_PAUSE_S):
                return
        self.health.captured += 1
        deaths = self._in_work.begin(letter.sample_id)
        pause_s = _STUCK_PAUSE_S
        while not self._closed.is_set():
            yield self._captured(letter, deaths)
            if ledger.knows(letter.sample_id):
                self._pause_s = _FIRST_PAUSE_S
                break
            while not self._rest(pause_s) and not self.room.can_keep():
                pause_s = min(2 * pause_s, _MAX_STUCK_PAUSE_S)
        self._in_work.end()
        actor.act()
        self.room.teller.tell()

    def _captured(self, letter: Letter, deaths: int) -> Captured:
        why = "" if letter.whole else f"larger than {self._config.max_bytes} bytes"
        if deaths >= DEATHS:
            warn("mail_ended_the_agent", sample=letter.sample_id, times=deaths)
            why = f"the agent has ended {deaths} times over it"
        return Captured(
            letter.content,
            MEDIA_TYPE,
            self._config.name,
            group=self.room.group_of(letter),
            sample_id=letter.sample_id,
            receipt=partial(self.room.settle, letter),
            unjudged=why,
        )

    # -- reading ---------------------------------------------------------------------------------

    def _letters(
        self, box: Mailbox, folder: str, validity: int, uids: Sequence[int]
    ) -> Iterator[Letter]:
        """The mails of one batch, small ones fetched together."""
        sizes: Mapping[int, int] = {}
        with self._asked_for(folder, validity, uids):
            sizes = box.sizes(uids)
        together: list[int] = []
        for uid in [*uids, 0]:
            size = sizes.get(uid, 0)
            full = sum(sizes[n] for n in together) + size > _BATCH_BYTES
            if together and (uid == 0 or full):
                yield from self._fetched(box, folder, validity, together)
                together = []
            if size > self._config.max_bytes:
                yield from self._head(box, folder, validity, uid, size)
            elif size:
                together.append(uid)

    def _fetched(
        self, box: Mailbox, folder: str, validity: int, uids: list[int]
    ) -> Iterator[Letter]:
        found: dict[int, bytes] = {}
        with self._asked_for(folder, validity, uids):
            box.open(folder)
            if len(uids) == 1:
                content = box.fetch(uids[0], self._config.max_bytes)
                found = {uids[0]: content} if content else {}
            else:
                found = dict(box.fetch_small(uids))
        for uid in uids:
            if uid in found:
                yield self._letter(folder, validity, uid, found[uid])

    def _letter(self, folder: str, validity: int, uid: int, content: bytes) -> Letter:
        self._withheld.had(folder, validity, uid)
        sample_id = sample_id_of(self._config.account, content)
        return Letter(sample_id, folder, validity, uid, content)

    def _head(
        self, box: Mailbox, folder: str, validity: int, uid: int, size: int
    ) -> Iterator[Letter]:
        head: bytes | None = None
        with self._asked_for(folder, validity, [uid]):
            box.open(folder)
            head = box.headers([uid], ()).get(uid, b"")[:MAX_HEAD]
        if head is not None:
            self._withheld.had(folder, validity, uid)
            sample_id = sample_id_of(self._config.account, head, str(size))
            yield Letter(sample_id, folder, validity, uid, head, whole=False)

    @contextlib.contextmanager
    def _asked_for(self, folder: str, validity: int, uids: Sequence[int]) -> Iterator[None]:
        """While mails are asked for: notes over which one alone the server fails."""
        try:
            yield
        except MailboxError as error:
            if len(uids) != 1 or isinstance(error, MailboxBusyError):
                raise
            came_last = self._withheld.has(folder, validity, uids[0])
            if self._withheld.failed(folder, validity, uids[0]):
                self.health.corrupt += 1
                warn("mail_not_handed_over", folder=folder, uid=uids[0], error=error.what)
                mail = f"a mail of {folder} (UID {uids[0]}): it stays there for a person"
                text = f"the server does not hand over {mail}: {error.what}"
                self._alerts("corrupt-sample", "warning", text)
            if not (came_last and isinstance(error, MailboxRefusedError)):
                raise  # the others first

    # -- health ----------------------------------------------------------------------------------

    def _rest(self, seconds: float) -> bool:
        """Waits; True when it is to end."""
        ended = self.health.capture.wait(self._closed, seconds)
        self.health.capture.rest()
        return ended

    def _is_ordinary_end(self) -> bool:
        """Whether a connection that worked has ended, for the first time since long."""
        now, works = time.monotonic(), self._works
        calm = now - self._lost_at >= _CALM_S
        self._works, self._lost_at = False, now
        return works and calm

    def _lost(self, name: str, error: MailboxError, *, quietly: bool = False) -> None:
        self.health.up = False
        # on a line that breaks often less must be enough, and a mail that breaks it is found by that
        self._batch = 1
        self.health.reconnects += 1
        told = f"{error.what} ({error.fix})" if error.fix else error.what
        warn("mailbox_lost", source=self._config.name, why=told)
        if not quietly:  # else the next connection tells whether there is anything to tell
            self._alerts(name, "error", f"{self._config.name}: {told}")

    def _back(self) -> None:
        self.health.up = True
        for name in (LOST, REFUSES):
            self._alerts(name, "info", f"{self._config.name}: the mailbox is read")
