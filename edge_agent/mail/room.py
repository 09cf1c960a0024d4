"""The mail room: takes each decided mail into the ledger, with all that follows from it, in one transaction.

It decides nothing about what a mail means: that is the bundle's. It adds what only the mailbox knows: whether
the gate is open, which mails are left to a person for the audit, who gets no more replies today. What is planned
is carried out by `acting.py`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from pydantic import JsonValue

from edge_agent.log import warn
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.drafting import Drafting
from edge_agent.mail.forgetting import discard_bytes
from edge_agent.mail.gate import Gate, read_gate
from edge_agent.mail.hook import GIVEN_UP, body_of
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.letters import draft_id_of, head_of
from edge_agent.mail.planning import Plan, is_audit, plan_for
from edge_agent.mail.pruning import Pruning
from edge_agent.mail.record import MailRecord
from edge_agent.mail.replying import Replies
from edge_agent.mail.suggesting import Suggesting
from edge_agent.mail.telling import Teller
from edge_agent.sources.base import Alerts, Settled
from kits.core.hub_api import Desired
from kits.core.mail.automatic import author_address, why_automatic
from kits.core.mail.threads import ReplyHeaders, reply_headers
from kits.core.mail_remarks import MailRemarks, read_remarks, write_remarks
from kits.core.prediction import Draft
from kits.core.sample import digest_of, utc_now

_METRICS = {
    "mails_filed": "filed",
    "mails_not_filed": "not filed",
    "mails_flagged": "flagged",
    "mails_drafted": "drafted",
    "mails_sent": "sent",
    "mails_unanswerable": "unanswerable",
    "mails_over_rate": "over rate",
    "mails_audited": "audits",
    "mails_held_back": "held back",
    "drafts_accepted": "draft accepted",
    "drafts_edited": "draft edited",
    "drafts_discarded": "draft discarded",
    "mails_relabelled": "relabelled",
    "mails_confirmed": "confirmed",
    "mails_let_go": "let go",
    "mail_digests_dropped": "digests dropped",
    "mail_record_let_go": "record let go",
    "mail_calls_given_up": GIVEN_UP,
}
"""Metric → what is counted."""
STUCK = "mail-ledger-stuck"
_PROBE = "probe"
_AUDIT_WORTH = 4.0
_IN_RECORD = {"suggested", "suggested_by"}
"""Remarks that the entry of a decision in the chain has, too."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it lies in the mailbox.

    Attributes:
        content: its bytes; its headers only when it is too large.
        whole: whether these are all.
    """

    sample_id: str
    folder: str
    validity: int
    uid: int
    content: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Told:
    """What the headers of a letter say."""

    message_id: str
    sender: str
    author: str
    subject: str
    why_automatic: str
    reply: ReplyHeaders


class MailRoom:
    """Settles letters.

    Args:
        clock: seconds since 1970.
        discard: throws away bytes that wait in the outbox, by their digest.
        suggesting: None: nobody suggests anything.

    Attributes:
        counts: `filed`, `drafted`, `audits`, `held back` and others, for the figures.
    """

    def __init__(
        self,
        config: ImapSourceConfig,
        ledger: Ledger,
        teller: Teller,
        drafting: Drafting,
        alerts: Alerts,
        clock: Callable[[], float] = time.time,
        discard: Callable[[str], object] = lambda _digest: None,
        suggesting: Suggesting | None = None,
    ) -> None:
        self.config = config
        self.ledger = ledger
        self.teller = teller
        self.drafting = drafting
        self.suggesting = suggesting or Suggesting()
        self.seals = Seals(ledger)
        self.chain = Chain(ledger, self.seals)
        self.gate = Gate(ledger, alerts)
        self.alerts = alerts
        self.clock = clock
        self._discard = discard
        self.counts: Counter[str] = Counter()
        self._replies = Replies(config, ledger, self.seals, clock)
        self._pruning = Pruning(config, ledger, self.chain, self.counts)

    def settle(self, letter: Letter, settled: Settled) -> None:
        """Takes what was decided about a letter; on a disk that takes nothing the letter stays undecided."""
        try:
            self._settle(letter, settled)
        except (sqlite3.Error, OSError) as error:
            warn("mail_not_kept", error=error)
            self.alerts(STUCK, "error", f"the disk does not take decisions about mails: {error}")
            return
        self.alerts(STUCK, "info", "the disk takes decisions about mails again")

    def can_keep(self) -> bool:
        """Whether the disk takes a word: a mail is not judged, nor a model asked, for what cannot be kept."""
        try:
            self.ledger.keep_note(_PROBE, str(self.clock()))
        except sqlite3.Error:
            return False
        return True

    def follow(self, desired: Desired) -> None:
        """What the hub says of gates, and whom it wants erased. From any thread."""
        self.gate.follow(desired.gates)
        for word in desired.erasures:
            if word.address:
                self.chain.erase(word.address, utc_now(), word.id)

    def forget(self) -> None:
        """Throws away bytes of whom was erased; once a day lets go of what is old."""
        now = self.clock()
        discard_bytes(self.ledger, self._discard, now)
        self._pruning.look(now)

    def figures(self) -> Mapping[str, float]:
        """For the metrics, by their names; also after the end."""
        found: dict[str, float] = {metric: self.counts[name] for metric, name in _METRICS.items()}
        found["drafts_failed"] = self.drafting.counts["failed"]
        found["mails_suggested"] = self.suggesting.counts["suggested"]
        found["suggestions_failed"] = self.suggesting.counts["failed"]
        found["suggestions_without_time"] = self.suggesting.counts["no time"]
        with contextlib.suppress(sqlite3.Error):
            found["mails_waiting"] = self.ledger.waiting()
            found |= self._pruning.figures()
            found["mail_gate_open"] = float(not read_gate(self.ledger).closed)
        return found

    def group_of(self, letter: Letter) -> str:
        """What mails of one correspondent share: they are never split between training and test."""
        head = head_of(letter.content)
        if head is None:
            return ""
        return self.seals.who(author_address(head, self.config.own))[:32]

    def _settle(self, letter: Letter, settled: Settled) -> None:
        told = self._read(letter)
        who = self.seals.who(told.author)
        outcome, audit = self._held_back(letter, settled)
        outcome = outcome if audit else self._with_suggestion(letter, told, outcome)
        draft = self._draft(told, outcome) if outcome.body.verdict != "pass" and not audit else None
        plan = plan_for(
            self.config, outcome.body.verdict, outcome.body.label, drafted=draft is not None,
            urgency=_urgency(told, outcome),
            known=settled.ready.bundle.manifest.labels if settled.ready is not None else (),
        )  # fmt: skip
        doubtful = draft is not None and draft.cut  # something could not be said: a person looks
        if plan.send and (
            doubtful or not self._replies.may_go_out(told.sender, told.reply.to, told.subject)
        ):
            plan = replace(plan, send=False, draft=True)
        if self.config.dry_run:
            outcome = _remarked(outcome, MailRemarks(would=plan.words))
            plan = Plan()
            # nothing is filed, so a person files all of them: each says whether it would have been right
            audit = outcome.body.verdict == "act" and self.config.learning.enabled
        record = self._record(letter, told, who, outcome, audit=audit, plan=plan, draft=draft)
        with self.ledger.transaction():
            self.ledger.add(record)
            self._enter(letter, told, who, outcome)
            self._tell_desk(outcome, told)
            self.ledger.pass_by(f"in/{letter.folder}", letter.validity, letter.uid)
            if plan.draft or plan.send:
                self._replies.count(told.reply.to, told.subject, sent=plan.send)
        self.counts["audits"] += audit and not self.config.dry_run

    def _tell_desk(self, settled: Settled, told: _Told) -> None:
        hook, body = self.config.hook, settled.body
        if hook is not None and body.verdict in hook.verdicts and not self.config.dry_run:
            said = body_of(body, told.message_id, settled.prediction, hook.values)
            self.ledger.put_call(body.sample_id, said, 0, self.clock())

    def _read(self, letter: Letter) -> _Told:
        head = head_of(letter.content)
        if head is None:
            return _Told("", "", "", "", "no headers", ReplyHeaders("", "", "", ()))
        why = why_automatic(head, self.config.own)
        return _Told(
            message_id=head.message_id,
            sender=head.sender.lower(),
            author=author_address(head, self.config.own),
            subject=head.subject[:500],
            why_automatic=why,
            reply=reply_headers(head),
        )

    def _held_back(self, letter: Letter, settled: Settled) -> tuple[Settled, bool]:
        """The same, but for a person where the gate is closed or the audit wants it; whether it does."""
        body, ready = settled.body, settled.ready
        if body.verdict != "act" or ready is None:
            return settled, False
        if not self.gate.is_open(ready.id, ready.bundle.operating_point.bound):
            self.counts["held back"] += 1
            return _for_person(settled, "the gate is closed", MailRemarks(gate="closed")), False
        share = self.config.learning.audit_share if self.config.learning.enabled else 0.0
        if self.config.dry_run or not is_audit(self.ledger.salt, letter.sample_id, share):
            return settled, False
        held = _for_person(settled, "an audit mail: a person files it", MailRemarks(audit=True))
        body = held.body.model_copy(update={"kept_for": "audit"})
        entry = replace(held.entry, worth=_AUDIT_WORTH, content=letter.content)
        return replace(held, body=body, entry=replace(entry, media_type=body.media_type)), True

    def _with_suggestion(self, letter: Letter, told: _Told, settled: Settled) -> Settled:
        """The same decision, with what a language model says beside it: before the transaction, in bounded time."""
        body = settled.body
        if body.verdict != "review" or not letter.whole or _why_no_person(told, settled):
            return settled
        found = self.suggesting.suggest(settled)
        return settled if found is None else _remarked(settled, found.remarks)

    def _draft(self, told: _Told, settled: Settled) -> Draft | None:
        wanted = self.config.drafts.which
        acts = settled.body.verdict == "act"
        used = wanted == "all" or (acts and (wanted == "act" or self.config.send is not None))
        if not used:
            return None
        if not told.reply.to or _why_no_person(told, settled):
            self.counts["unanswerable"] += 1
            return None
        if self._replies.enough(told.reply.to):
            self.counts["over rate"] += 1
            return None
        return self.drafting.draft(settled)

    def _record(
        self,
        letter: Letter,
        told: _Told,
        who: str,
        settled: Settled,
        *,
        audit: bool,
        plan: Plan,
        draft: Draft | None,
    ) -> MailRecord:
        sealed, drafted = None, plan.draft or plan.send
        body = _remarked(settled, MailRemarks(who=who)).body
        if draft is not None:
            shown: dict[str, JsonValue] = {
                "subject": draft.subject, "body": draft.body, "language": draft.language,
                "citations": list(draft.citations), "cut": list(draft.cut),
            }  # fmt: skip
            body = body.model_copy(update={"prediction": {**body.prediction, "draft": shown}})
            if drafted:
                reply = told.reply
                text: dict[str, JsonValue] = {
                    **shown, "subject": draft.subject or reply.subject, "to": reply.to,
                    "in_reply_to": reply.in_reply_to, "references": " ".join(reply.references),
                }  # fmt: skip
                sealed = self.seals.seal(who, _encodable(text), letter.sample_id)
        return MailRecord(
            letter.sample_id, told.message_id, who, "decided",
            letter.folder, letter.validity, letter.uid,
            body.verdict, body.label, body.bundle, audit, self.clock(),
            plan=plan.to_json(), row=body.model_dump_json(), content=settled.entry.content,
            media_type=settled.entry.media_type, worth=settled.entry.worth, sealed=sealed,
            draft_id=draft_id_of(letter.sample_id, self.config.sender) if drafted else "",
        )  # fmt: skip

    def _enter(self, letter: Letter, told: _Told, who: str, settled: Settled) -> None:
        """The decision as an entry of the chain."""
        body, ready = settled.body, settled.ready
        point = ready.bundle.operating_point if ready is not None else None
        reasons = settled.prediction.reasons if settled.prediction is not None else ()
        words = "; ".join(str(getattr(reason, "text", reason)) for reason in reasons[:10])
        band = point.per_label.get(body.label, point.default) if point is not None else None
        entry: dict[str, JsonValue] = {
            "kind": "decision",
            "at": datetime.fromtimestamp(self.clock(), timezone.utc).isoformat(),
            "sample_id": letter.sample_id,
            "digest": digest_of(letter.content),
            "bundle": body.bundle,
            "act_at": band.act_at if band is not None else None,
            "score": body.score,
            "verdict": body.verdict,
            "label": body.label,
            "reasons": digest_of(words.encode()),
        }
        entry |= read_remarks(body.meta).model_dump(include=_IN_RECORD, exclude_unset=True)
        text: dict[str, JsonValue] = {
            "from": told.author, "subject": told.subject, "reasons": words, "why": body.reason
        }  # fmt: skip
        self.chain.add(entry, who, _encodable(text))


def _why_no_person(told: _Told, settled: Settled) -> object:
    """Why a machine wrote it, as the mailbox or the kit finds; empty: a person did."""
    details = settled.prediction.details if settled.prediction is not None else {}
    return told.why_automatic or details.get("automatic", "")


def _urgency(told: _Told, settled: Settled) -> float | None:
    """How urgent a person's mail is; None where nothing says so, and of what a machine wrote."""
    prediction = settled.prediction
    if prediction is None or settled.body.verdict == "pass" or _why_no_person(told, settled):
        return None
    return next((one.value for one in prediction.quantities if one.name == "urgency"), None)


def _for_person(settled: Settled, why: str, remarks: MailRemarks) -> Settled:
    reason = f"{why}; the model said act: {settled.body.reason}"
    body = settled.body.model_copy(update={"verdict": "review", "reason": reason})
    return _remarked(replace(settled, body=body), remarks)


def _remarked(settled: Settled, remarks: MailRemarks) -> Settled:
    body = settled.body
    return replace(
        settled, body=body.model_copy(update={"meta": write_remarks(body.meta, remarks)})
    )


def _encodable(text: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Without halves of characters, which no UTF-8 has."""
    return {
        key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for key, value in text.items()
    }
