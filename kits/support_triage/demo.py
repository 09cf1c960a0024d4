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

from kits.core.story import DemoStory, OwnStep
from kits.support_triage._simulated.mails import OOS, ShopMail, write_mails
from kits.support_triage._simulated.records import record_rows
from kits.support_triage._simulated.shop import make_shop
from kits.support_triage._simulated.shown_mailbox import show_mailbox
from kits.support_triage._simulated.shown_replies import MAILS, RECORDS, TRUTH, show_replies

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
    project=("knowledge", "templates"),
    source={"kind": "folder", "rate_hz": 100},
    figures={
        "accuracy": "right about the matter",
        "auto_coverage": "filed without a person",
        "auto_error": "of these filed wrongly",
        "entity_f1": "numbers and names found (F1)",
    },
    honest="all mails are made up: no figure says anything about your mailbox. Promised is that of the mails nobody\n"
    "looks at at most 15 in 100 are filed wrongly, nine times of ten: a few hundred mails carry no more. A shop\n"
    "would ask for 2 in 100, nineteen times of twenty: 165 checked mails without one mistake, or more with a few.",
    own=(
        OwnStep("read mails nobody has seen, draft the replies", show_replies),
        OwnStep("sort a real mailbox", show_mailbox),
    ),
)
LANGUAGES = ("en", "de")
HISTORY_MAILS, LABELLED_MAILS, INBOX_MAILS, UNREAD_MAILS = 1_200, 200, 500, 80
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
    - `unread/NUMBER.eml`, `unread.json`: mails of a later day and their truth, of which nothing is learned.
    - `records.json`: the orders as `kit predict --records` takes them.
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
    _write_mails(folder, STORY.line, STORY.truth, inbox)
    unread = write_mails(
        *(seed + 2, shop, UNREAD_MAILS),
        languages=LANGUAGES,
        machines=MACHINES,
        strangers=2 * STRANGERS,
    )
    _write_mails(folder, MAILS, TRUTH, list(unread))
    for part in ("knowledge", "templates"):
        shutil.copytree(_SIMULATED / part, folder / part, dirs_exist_ok=True)
    orders = [order.as_json() for order in shop.orders]
    (folder / "orders.json").write_text(json.dumps(orders, indent=1), encoding="utf-8")
    (folder / RECORDS).write_text(json.dumps(record_rows(shop.orders), indent=1), encoding="utf-8")


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


def _write_mails(folder: Path, name: str, truth_name: str, mails: Sequence[ShopMail]) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    truth: dict[str, dict[str, str | int]] = {}
    for number, mail in enumerate(mails):
        file = f"{number:04d}.eml"
        (folder / name / file).write_bytes(mail.content)
        truth[file] = {
            "label": mail.label,
            "kind": mail.kind,
            "urgency": mail.urgency,
            "sentiment": mail.sentiment,
            "order": mail.order,
        }
    (folder / truth_name).write_text(json.dumps(truth, indent=1), encoding="utf-8")
