"""Learns from what persons do in the mailbox: what they send for a draft, where they file what we left or filed.

Only looks, a bounded number of mails at a time, and from where it looked before. What it finds becomes rows for
the hub (labels, fates of drafts), entries of the chain, and evidence for the gate. It files nothing itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone

from edge_agent.errors import MailboxBusyError, MailboxError, MailboxRefusedError
from edge_agent.log import log, warn
from edge_agent.mail.comparing import Comparison, compare, text_of_html
from edge_agent.mail.elsewhere import Elsewhere
from edge_agent.mail.folders import on_server, usable
from edge_agent.mail.intents import Intents
from edge_agent.mail.letters import DRAFT_HEADER, head_of
from edge_agent.mail.mailbox import FolderState, Mailbox
from edge_agent.mail.places import Places
from edge_agent.mail.planning import keyword_of
from edge_agent.mail.record import MailRecord
from edge_agent.mail.room import MailRoom
from edge_agent.mail.withheld import Withheld
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.errors import DataError
from kits.core.events import DraftBody, LabelBody
from kits.core.mail.message import Message, read_message

_MAX_AT_ONCE = 500
_MAX_SENT_BYTES = 2 << 20
_MAX_DRAFTS, _MAX_OPEN = 2000, 1000
_LABEL_WORTH = 1.0
_BEGAN = "learning-began"


class Learner:
    """Looks every now and then.

    Args:
        room: whose mails they are.
        intents: as the bundle at work spells them.
    """

    def __init__(self, room: MailRoom, intents: Intents) -> None:
        self._room = room
        self._intents = intents
        self._ledger = room.ledger
        self._due = float("-inf")
        self._after = (0.0, "")
        self._withheld = Withheld()
        self._suspects: set[tuple[str, int]] = set()
        self._elsewhere = Elsewhere(room, self._new_heads)

    def look(self, box: Mailbox, places: Places) -> None:
        """Looks, when it is time.

        Raises:
            MailboxLostError: the connection is lost; the rest is looked at in the next one.
        """
        config = self._room.config.learning
        if not config.enabled or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + config.every_s
        try:
            if places.sent:
                self._look_at_sent(box, places.sent)
            self._look_at_filed(box, places)
            if places.drafts:
                self._look_at_drafts(box, places.drafts)
            if not self._ledger.note(_BEGAN):
                self._ledger.keep_note(_BEGAN, "1")
        except MailboxRefusedError as error:
            warn("mail_not_looked_at", error=error.what)

    # -- what was sent ---------------------------------------------------------------------------

    def _look_at_sent(self, box: Mailbox, folder: str) -> None:
        with self._new_heads(box, "sent", folder) as heads:
            for uid, head in heads:
                for record in self._answered(head):
                    if record.draft_id and record.fate in ("", "discarded"):
                        compared = self._compared(box, record, folder, uid)
                        self._tell_fate(record, compared, head.date)

    def _answered(self, head: Message) -> Sequence[MailRecord]:
        """The mails that a sent one answers."""
        named = head.headers.get(DRAFT_HEADER.lower(), ("",))[0].strip()
        record = self._ledger.get(named) if named else None
        if record is not None:
            return [record]
        if head.message_id and (found := self._ledger.by_draft(head.message_id)):
            return found
        found = self._ledger.by_message(head.in_reply_to) if head.in_reply_to else []
        return found if len(found) == 1 else []  # of two under one Message-ID one is a stranger's

    def _compared(
        self, box: Mailbox, record: MailRecord, folder: str, uid: int
    ) -> Comparison | None:
        """None: what was drafted or sent cannot be read any more."""
        text = self._room.seals.unseal(record.who, record.sealed, record.sample_id)
        state = box.open(folder)
        size = box.sizes([uid]).get(uid, 0)
        withheld = self._withheld.has(folder, state.validity, uid)
        if text is None or withheld or not 0 < size <= _MAX_SENT_BYTES:
            return None
        try:
            sent = read_message(box.fetch(uid, size))
        except DataError:
            return None
        except MailboxError:
            self._withheld.failed(folder, state.validity, uid)
            raise
        signature = self._room.config.drafts.signature
        words = sent.plain or text_of_html(sent.html)
        return compare(str(text["body"]), words, signature=signature) if words.strip() else None

    def _tell_fate(
        self, record: MailRecord, compared: Comparison | None, at: datetime | None
    ) -> None:
        if compared is None or compared.fate == record.fate:
            return
        moment = at or datetime.now(timezone.utc)
        with self._ledger.transaction():
            now = self._ledger.get(record.sample_id)
            # its correspondent may have been erased while what was sent was read
            readable = now is not None and now.sealed is not None
            body = DraftBody(
                sample_id=record.sample_id,
                fate=compared.fate,
                intent=record.label,
                bundle=record.bundle,
                changed_share=compared.changed_share,
                changed=compared.changed if readable else (),
                at=moment,
            )
            self._ledger.change(record.sample_id, fate=compared.fate)
            self._ledger.say("l", body.model_dump_json(), worth=_LABEL_WORTH)
            self._room.chain.add(
                {"kind": "draft", "at": moment.isoformat(), "sample_id": record.sample_id,
                 "fate": compared.fate, "changed_share": compared.changed_share}
            )  # fmt: skip
        self._room.counts[f"draft {compared.fate}"] += 1
        log("draft_fate", sample=record.sample_id, fate=compared.fate)

    # -- drafts that are gone ----------------------------------------------------------------------

    def _look_at_drafts(self, box: Mailbox, folder: str) -> None:
        waiting = self._ledger.open_drafts(self._after, _MAX_OPEN)
        # of more than fit into one look the others are looked at in the next
        full = len(waiting) == _MAX_OPEN
        self._after = (waiting[-1].at, waiting[-1].sample_id) if full else (0.0, "")
        if not waiting:
            return
        state = box.open(folder, fresh=True)
        found = box.uids_after(0)
        uids = found[-_MAX_DRAFTS:]
        there: set[str] = set()
        for at in range(0, len(uids), _MAX_AT_ONCE):
            names = (DRAFT_HEADER, "In-Reply-To")
            some = uids[at : at + _MAX_AT_ONCE]
            for raw in self._heads(box, folder, state, some, names).values():
                head = head_of(raw)
                if head is not None:
                    # a mail program that stores a changed draft keeps one of the two
                    there |= {head.in_reply_to, *head.headers.get(DRAFT_HEADER.lower(), ())}
        now = self._room.clock()
        for record in waiting:
            if record.sample_id in there or (record.message_id and record.message_id in there):
                if record.gone_at is not None:
                    self._ledger.change(record.sample_id, gone_at=None)
            elif record.gone_at is None:
                self._ledger.change(record.sample_id, gone_at=now)
            elif now - record.gone_at >= self._room.config.learning.discarded_after_s:
                if len(found) > len(uids) and box.find(DRAFT_HEADER, record.sample_id):
                    continue  # it lies below the newest ones
                self._tell_fate(record, Comparison("discarded", 1.0, ()), None)

    # -- where mails were filed --------------------------------------------------------------------

    def _look_at_filed(self, box: Mailbox, places: Places) -> None:
        filing = self._room.config.filing
        if filing.how == "keyword":
            self._look_at_marked(box, _by_place(filing.folders, keyword_of))
        elif filing.how != "none":  # a label of Gmail is a folder too
            labels = _by_place(filing.folders, lambda name: on_server(name, places.all))
            known = {folder.name for folder in usable(box.folders())}
            for folder in sorted(known & labels.keys()):
                try:
                    with self._new_heads(box, "filed", folder) as heads:
                        for _uid, head in heads:
                            self._hear_of(head, labels[folder], folder)
                except MailboxRefusedError as error:  # the others are looked at
                    warn("mail_not_looked_at", folder=folder, error=error.what)
            self._elsewhere.look(box, labels.keys())

    def _look_at_marked(self, box: Mailbox, labels: Mapping[str, Sequence[str]]) -> None:
        """The newest mails whose keywords are not those that we set."""
        for folder in self._room.config.folders:
            state = box.open(folder, fresh=True)
            records = self._ledger.unsaid(folder, state.validity, _MAX_AT_ONCE)
            marked = box.keywords([record.uid for record in records])
            for record in records:
                mine = keyword_of(record.filed_to) if record.filed_to else ""
                found = marked.get(record.uid, frozenset())
                others = [one for one in labels if one.lower() in found and one != mine]
                if len(others) == 1:
                    self._hear(record, labels[others[0]], others[0])

    def _hear_of(self, head: Message, meant: Sequence[str], folder: str) -> None:
        found = self._ledger.by_message(head.message_id) if head.message_id else []
        # two mails under one Message-ID: a stranger may want a person's word to count for another mail
        if len(found) == 1 and found[0].filed_to != folder:
            self._hear(found[0], meant, folder)

    def _hear(self, record: MailRecord, meant: Sequence[str], folder: str) -> None:
        """A person filed a mail in the folder of these intents."""
        meant = [self._intents.own(name, record.label) for name in meant]
        said = "|".join(meant)
        if record.state != "acted" or said == record.said_label:
            return
        label, wrong = said_by_filing(record.label, meant)
        annotation = Annotation(
            label=label, source="device", author="mailbox", note=f"filed in {folder}"
        )
        body = LabelBody(sample_id=record.sample_id, annotation=annotation_to_json(annotation))
        with self._ledger.transaction():
            self._ledger.change(record.sample_id, said_label=said, filed_to=folder)
            if label:
                self._ledger.say("l", body.model_dump_json(), worth=_LABEL_WORTH)
            self._room.chain.add(
                {"kind": "override" if wrong else "confirmation", "at": annotation.at.isoformat(),
                 "sample_id": record.sample_id, "label": label, "was": record.label}
            )  # fmt: skip
            # of a mail that was filed by us only the mistakes are seen: no evidence for a rate
            if record.audit and not record.said_label:
                self._room.gate.hear(record.bundle, wrong=wrong)
        self._room.counts["relabelled" if wrong else "confirmed"] += 1
        log("mail_filed_by_person", sample=record.sample_id, audit=record.audit, wrong=wrong)

    # -- reading on ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _new_heads(
        self, box: Mailbox, purpose: str, folder: str, began: str = _BEGAN
    ) -> Iterator[Sequence[tuple[int, Message]]]:
        """The headers of mails that came into a folder since the last look.

        Args:
            began: the note that says that this was looked for before.

        Where it looked is kept once the caller is done with them: what a kill cuts is heard again, and hearing
        it twice equals once.
        """
        state, name = box.open(folder, fresh=True), f"{purpose}/{folder}"
        before = self._ledger.position(name, state.validity)
        if before is None:
            # of a folder that was not there before all is new; else nothing that lay in it
            before = 0 if self._ledger.note(began) else max(0, state.next_uid - 1)
        uids = box.uids_after(before)[:_MAX_AT_ONCE]
        wanted = ("Message-ID", "In-Reply-To", "References", "Date", DRAFT_HEADER)
        heads = self._heads(box, folder, state, uids, wanted)
        yield [(uid, head) for uid in uids if (head := head_of(heads.get(uid, b"")))]
        self._ledger.advance(name, state.validity, uids[-1] if uids else before)

    def _heads(
        self,
        box: Mailbox,
        folder: str,
        state: FolderState,
        uids: Sequence[int],
        names: Sequence[str],
    ) -> Mapping[int, bytes]:
        """Headers of mails of the open folder. Where the server fails over some, they are asked for one by one, and the one
        that it does not hand over is left out in the end: it must not keep the others from being read.
        """
        place = (folder, state.validity)
        asked = [uid for uid in uids if not self._withheld.has(*place, uid)]
        step = 1 if place in self._suspects else max(1, len(asked))
        found: dict[int, bytes] = {}
        for at in range(0, len(asked), step):
            some = asked[at : at + step]
            try:
                found |= box.headers(some, names)
            except MailboxBusyError:
                raise
            except MailboxError:
                self._suspects.add(place)
                if len(some) == 1:
                    self._withheld.failed(*place, some[0])
                raise
        self._suspects.discard(place)
        return found


def _by_place(
    folders: Mapping[str, str], place: Callable[[str], str]
) -> Mapping[str, Sequence[str]]:
    """Place → intents whose mails go there."""
    found: dict[str, list[str]] = {}
    for label, name in folders.items():
        found.setdefault(place(name), []).append(label)
    return found


def said_by_filing(decided: str, meant: Sequence[str]) -> tuple[str, bool]:
    """What a person says by filing a mail, and whether that contradicts what was decided.

    Args:
        decided: the label, several intents joined by `|`.
        meant: intents of the folder; the label is empty where it has several and none was decided: which one is meant
            nobody said.
    """
    if decided in meant:
        return decided, False
    both = [intent for intent in decided.split("|") if intent in meant]
    if both:
        return "|".join(both), False
    return (meant[0] if len(meant) == 1 else ""), True
