"""The demo's step at a real mailbox: the agent looks, then files and drafts, then learns from what a person does.

Server, order API and mails are made up and on this machine; the agent is the real one, run as a user runs it. Where
there is no mail server the step says what to install.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import yaml
from pydantic import JsonValue

from kits.core.errors import MachineError
from kits.core.mail.message import Message, read_message
from kits.core.story import DemoStage
from kits.support_triage._simulated.mailbox_server import (
    PASSWORD,
    MailboxServer,
    find_dovecot,
    why_no_mailbox,
)
from kits.support_triage._simulated.mails import INTENTS
from kits.support_triage._simulated.order_api import SECRET, OrderApi
from kits.support_triage._simulated.records import LOOKUP_FIELDS
from kits.support_triage._simulated.shop import ADDRESS, make_shop
from kits.support_triage._simulated.shown_replies import MAILS, TRUTH, is_right

Truth = Mapping[str, Mapping[str, JsonValue]]

FOLDERS = {intent: f"Sorted/{intent.replace('_', ' ').capitalize()}" for intent in INTENTS}
SECRETS = {"DEMO_MAIL_PASSWORD": PASSWORD, "DEMO_ORDER_SECRET": SECRET}
_FILED_BY_HAND = 3


@dataclass(frozen=True)
class _Scene:
    """What the acts of the step share."""

    stage: DemoStage
    server: MailboxServer
    orders: str
    folder: Path

    def agent(self, name: str, *, dry_run: bool) -> None:
        """One life of the agent: it deals with what is there and ends."""
        path = self.folder / f"{name}.yaml"
        state = self.folder / ("trial" if dry_run else "state")
        config = agent_config(
            self.stage.bundle, state, self.server.port, self.orders, dry_run=dry_run
        )
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        self.stage.run("edge-agent", "run", "--config", str(path), "--json", secrets=SECRETS)

    def decided(self, name: str, kind: str = "decision") -> list[Mapping[str, JsonValue]]:
        """Entries of a kind in the agent's own record."""
        command = ("edge-agent", "mail", "audit", "show", "--count", "10000", "--json")
        path = self.folder / f"{name}.yaml"
        found = self.stage.run(*command, "--config", str(path))["items"]
        rows = found if isinstance(found, list) else []
        return [row for row in rows if isinstance(row, dict) and row.get("kind") == kind]


def show_mailbox(stage: DemoStage) -> str:
    """Takes a mailbox through a trial, the real thing and a day of a person; one line where there is none to be had."""
    lacking = why_no_mailbox(find_dovecot())
    if lacking:
        return f"left out: {lacking}"
    shop = make_shop(np.random.default_rng(stage.seed))
    folder = stage.root / "mailbox"
    folder.mkdir(parents=True, exist_ok=True)
    with MailboxServer() as server, OrderApi(shop.orders) as orders:
        try:
            server.start()
        except MachineError as error:
            last = error.where.strip().rpartition("\n")[2]
            return f"left out: {error.what}: {last}"
        return "\n".join(_acts(_Scene(stage, server, orders.url, folder), orders))


def agent_config(
    bundle: Path, state: Path, port: int, orders: str, *, dry_run: bool
) -> dict[str, JsonValue]:
    """`agent.yaml` for the trial's mailbox and order API; without a hub."""
    lookup: dict[str, JsonValue] = {
        "kind": "order",
        "url": f"{orders}/orders/{{key}}",
        "secret_env": "DEMO_ORDER_SECRET",
        "fields": LOOKUP_FIELDS,
    }
    return {
        "state_dir": str(state),
        "bundle": str(bundle),
        "source": {
            "kind": "imap",
            "host": "127.0.0.1",
            "port": port,
            "security": "plain",
            "user": "shop",
            "password_env": "DEMO_MAIL_PASSWORD",
            "since": "2000-01-01",
            "once": True,
            "dry_run": dry_run,
            "filing": {"folders": dict(FOLDERS)},
            "drafts": {"sender": ADDRESS},
            "lookups": [lookup],
            "own_addresses": [ADDRESS],
        },
        "selection": {"audit_rate": 0},
        "status": {"port": 0},
        "outbox": {"ballast_bytes": 0},
    }


def _acts(scene: _Scene, orders: OrderApi) -> list[str]:
    data, server = scene.stage.root / "data", scene.server
    truth: Truth = json.loads((data / TRUTH).read_text(encoding="utf-8"))
    mails = {path.name: path.read_bytes() for path in sorted((data / MAILS).glob("*.eml"))}
    true_of = {read_message(content).message_id: truth[name] for name, content in mails.items()}
    server.deliver(*mails.values())
    lines = [f"before: {_counts(server)}"]
    scene.agent("trial", dry_run=True)
    would = [row for row in scene.decided("trial") if row["verdict"] == "act"]
    lines.append(
        f"dry_run: true says that {len(would)} of {len(mails)} mails would be filed; "
        f"the mailbox is as it was: {_counts(server)}"
    )
    scene.agent("agent", dry_run=False)
    wrong = sum(
        not is_right(intent, true_of[one])
        for intent, name in FOLDERS.items()
        for one in server.ids(name)
    )
    drafts = [read_message(content) for content in server.mails("Drafts")]
    lines += [
        f"dry_run: false: {_counts(server)}",
        f"filed wrongly: {wrong}; the order API was asked {len(orders.behaviour.asked)} times; nothing was sent",
        *_printed(drafts),
    ]
    _a_persons_day(server, drafts, true_of)
    scene.agent("agent", dry_run=False)
    return [*lines, _learned(scene), f"the agent's files: {scene.folder}"]


def _counts(server: MailboxServer) -> str:
    found = server.counts()
    first = [name for name in ("INBOX", "Drafts", "Sent") if name in found]
    rest = sorted(set(found) - set(first))
    return ", ".join(f"{name.removeprefix('Sorted/')} {found[name]}" for name in (*first, *rest))


def _printed(drafts: Sequence[Message]) -> list[str]:
    """One of the drafts as it lies there: an English one that tells of an order, if there is."""
    lines: list[str] = []
    for draft in sorted(drafts, key=_telling)[:1]:
        lines.append(f"one of the drafts, to {', '.join(draft.to)}: “{draft.subject}”")
        lines += [f"  | {line}".rstrip() for line in draft.plain.strip().splitlines()]
    return lines


def _telling(draft: Message) -> tuple[bool, bool]:
    english = draft.headers.get("content-language") == ("en",)
    return not english, "Your order 4" not in draft.plain


def _a_persons_day(server: MailboxServer, drafts: Sequence[Message], true_of: Truth) -> None:
    """Sends one draft as it is and one changed; files some of what was left."""
    for number, draft in enumerate(drafts[:2]):
        server.deliver(_sent(draft, changed=number > 0), folder="Sent")
        server.take_out("Drafts", draft.message_id)
    left = [one for one in server.ids("INBOX") if str(true_of[one]["label"]) in FOLDERS]
    for one in left[:_FILED_BY_HAND]:
        server.take_out("INBOX", one, to=FOLDERS[str(true_of[one]["label"])])


def _sent(draft: Message, *, changed: bool) -> bytes:
    """The draft as a mail program sends it, under a Message-ID of its own."""
    body = draft.plain.strip()
    if changed:
        greeting, _, rest = body.partition("\n\n")
        body = f"{greeting}\n\nI have looked into this myself and called the carrier.\n\n{rest}"
    mail = EmailMessage()
    mail["From"], mail["To"] = ADDRESS, ", ".join(draft.to)
    mail["Subject"] = draft.subject
    mail["Message-ID"] = f"<sent.{draft.message_id.strip('<>')}>"
    mail["In-Reply-To"] = draft.in_reply_to
    mail["References"] = " ".join(draft.references)
    mail.set_content(body)
    return mail.as_bytes()


def _learned(scene: _Scene) -> str:
    fates = [str(row["fate"]) for row in scene.decided("agent", "draft")]
    filed = len(scene.decided("agent", "confirmation")) + len(scene.decided("agent", "override"))
    return (
        f"a person sent 2 drafts and filed {_FILED_BY_HAND} mails by hand; the agent noticed: "
        f"{fates.count('accepted')} sent as it was, {fates.count('edited')} changed, {filed} labels to learn from"
    )
