"""What is done about a decided mail: a pure function of decision and configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.intents import own
from kits.core.operating_point import Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done in the mailbox.

    Attributes:
        how: a way of filing, `none`: it stays.
        to: folder, keyword or label.
        draft: whether a reply is laid into the drafts.
        send: whether a reply is sent without a person.
        flag: whether it is flagged as urgent.
    """

    how: str = "none"
    to: str = ""
    draft: bool = False
    send: bool = False
    flag: bool = False

    def to_json(self) -> str:
        """For the ledger."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The opposite of `to_json`."""
        return cls(**json.loads(text))

    @property
    def needs_room(self) -> bool:
        """Whether the mailbox must have room for it."""
        return self.draft or self.how in ("move", "copy")

    @property
    def words(self) -> str:
        """For a person."""
        done = ["flag it"] if self.flag else []
        if self.how != "none":
            done.append(f"{self.how} to {self.to}" if self.how in ("move", "copy") else self.to)
        if self.draft:
            done.append("lay a draft")
        if self.send:
            done.append("send a reply")
        return ", ".join(done) or "leave it"


def folder_of(config: ImapSourceConfig, label: str, known: Sequence[str] = ()) -> str:
    """The folder of an intent; of several joined by `|`, of the first that has one.

    Args:
        known: all labels of the bundle: what names one of them names no other that is spelled alike.
    """
    folders = config.filing.folders
    wanted = [one for one in (label, *label.split("|")) if one]
    labels = {*wanted, *known}
    spelled = {own(name, labels): folder for name, folder in reversed(folders.items())}
    return next((found[one] for one in wanted for found in (folders, spelled) if one in found), "")


def keyword_of(name: str) -> str:
    """A folder's name as an IMAP keyword: an atom in ASCII."""
    kept = [c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name]
    return "".join(kept)[:64] or "_"


def plan_for(
    config: ImapSourceConfig,
    verdict: Verdict,
    label: str,
    *,
    drafted: bool,
    urgency: float | None = None,
    known: Sequence[str] = (),
) -> Plan:
    """What follows from a verdict.

    Args:
        drafted: whether there is a reply that may be used.
        urgency: how urgent it is; None: nothing says so, or no person wrote it.
        known: all labels of the bundle.
    """
    flag_from = config.filing.flag_from
    acts = verdict == "act"
    to = folder_of(config, label, known) if acts and config.filing.how != "none" else ""
    which = config.drafts.which
    wanted = which == "all" or (which == "act" and acts)
    intents = config.send.intents if config.send else ()
    send = acts and drafted and label in {own(name, {label, *known}) for name in intents}
    return Plan(
        how=config.filing.how if to else "none",
        to=to,
        draft=drafted and wanted and not send,
        send=send,
        flag=flag_from is not None and urgency is not None and urgency >= flag_from,
    )


def is_audit(salt: bytes, sample_id: str, share: float) -> bool:
    """Whether a mail is drawn for the audit: always the same answer for the same mail."""
    digest = hashlib.sha256(salt + b"audit" + sample_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
