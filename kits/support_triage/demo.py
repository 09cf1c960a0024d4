"""Demo data: a made-up web shop's labelled mails, an inbox still to be sorted, its help pages and its orders.

Everything is drawn from a seed with `_simulated/`; nothing is downloaded, and nothing is claimed from it. The inbox
holds what real ones do: mails with two matters, strangers who ask about somebody else's order, machines.
"""

from __future__ import annotations

import csv
import json
import mailbox
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kits.core.story import DemoStory
from kits.support_triage._simulated.mails import OOS, ShopMail, write_mails
from kits.support_triage._simulated.shop import make_shop

STORY = DemoStory(
    learns_from="labelled mails",
    data="labelled",
    sample="mail",
    content="bytes",
    harmless=OOS,
    finds="with a matter of the shop",
    action="file",
    # a few hundred mails carry no promise of 2 %: the demo's is 15 in a hundred, nine times of ten
    answers={"approach": "ngrams", "epsilon": "0.15", "delta": "0.1", "cost_wrong_route": "8"},
    source={"kind": "folder", "rate_hz": 100},
)
LANGUAGES = ("en", "de")
HISTORY_MAILS, LABELLED_MAILS, INBOX_MAILS = 1_200, 200, 500
MACHINES, STRANGERS = 0.08, 0.05
COLUMNS = (
    *("message_id", "date", "sender", "subject", "body", "label"),
    *("language", "urgency", "sentiment", "entities"),
)
_SIMULATED = Path(__file__).parent / "_simulated"


def generate(folder: Path, seed: int) -> None:
    """Writes the files of `STORY` to `folder`, and what drafts need beside them.

    - `labelled/mails.csv`: what a person labels in an afternoon: the beginning of the history.
    - `history/mails.csv`: labelled mails, in the format `csv`; entities as JSON, places in subject, empty line, body.
    - `archive.mbox`: the same mails as a mail program would have kept them, without labels.
    - `line/NUMBER.eml`: the inbox, as it comes.
    - `truth.json`: file name of a mail → `{"label": INTENT | "oos", "kind", "urgency", "sentiment", "order"}`.
    - `knowledge/`: the shop's help pages. `templates/`: how it writes. `orders.json`: its orders, as the order API tells them.
    """
    shop = make_shop(np.random.default_rng(seed))
    history = list(write_mails(seed, shop, HISTORY_MAILS, languages=LANGUAGES))
    inbox = list(
        write_mails(
            *(seed + 1, shop, INBOX_MAILS),
            languages=LANGUAGES,
            machines=MACHINES,
            strangers=STRANGERS,
        )
    )
    write_table(folder / "history" / "mails.csv", history)
    write_table(folder / "labelled" / "mails.csv", history[:LABELLED_MAILS])
    write_archive(folder / "archive.mbox", history)
    _write_inbox(folder, inbox)
    for part in ("knowledge", "templates"):
        shutil.copytree(_SIMULATED / part, folder / part, dirs_exist_ok=True)
    orders = [order.as_json() for order in shop.orders]
    (folder / "orders.json").write_text(json.dumps(orders, indent=1), encoding="utf-8")


def write_table(path: Path, mails: Iterable[ShopMail]) -> None:
    """A helpdesk's export: one row per mail."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for mail in mails:
            spans = [
                {"label": span.label, "start": span.start, "end": span.end, "text": span.text}
                for span in mail.spans
            ]
            writer.writerow(
                (
                    *(mail.message_id, mail.at.isoformat(), mail.sender, mail.subject, mail.body),
                    *(mail.label, mail.language, mail.urgency, mail.sentiment),
                    json.dumps(spans, ensure_ascii=False),
                )
            )


def write_archive(path: Path, mails: Iterable[ShopMail]) -> None:
    """The mails as an mbox file, which it replaces."""
    path.unlink(missing_ok=True)
    archive = mailbox.mbox(path)
    try:
        for mail in mails:
            entry = mailbox.mboxMessage(mail.content)
            # Python would put the hour of now there, and two runs would differ
            entry.set_from(mail.sender, mail.at.timetuple())
            archive.add(entry)
        archive.flush()
    finally:
        archive.close()


def write_maildir(folder: Path, mails: Iterable[ShopMail]) -> None:
    """The mails as unseen ones of a Maildir."""
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, mail in enumerate(mails):
        name = f"{int(mail.at.timestamp())}.M{number:06d}.shop"
        (folder / "new" / name).write_bytes(mail.content)


def _write_inbox(folder: Path, mails: Sequence[ShopMail]) -> None:
    (folder / "line").mkdir(parents=True, exist_ok=True)
    truth: dict[str, dict[str, str | int]] = {}
    for number, mail in enumerate(mails):
        name = f"{number:04d}.eml"
        (folder / "line" / name).write_bytes(mail.content)
        truth[name] = {
            "label": mail.label,
            "kind": mail.kind,
            "urgency": mail.urgency,
            "sentiment": mail.sentiment,
            "order": mail.order,
        }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
