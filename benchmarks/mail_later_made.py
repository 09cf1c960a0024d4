"""Made-up firms whose mail goes on for a year: who asks what is known, and what changes, too.

Matters and their words come from a table with the columns text, label and domain (CLINC150); a folder holds the matters of
a domain. Some mails begin a thread: the customer asks again, in words of the same matter or in a few that say nothing
("Thank you!"), above the firm's quoted answer. No text is used twice for a question.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

HELLO = ("Hello,", "Hi,", "Dear team,", "Good morning,", "", "Hi there,")
BYE = ("Thanks", "Kind regards", "Best", "Many thanks", "", "Regards")
FIRST = (
    "Anna",
    "Ben",
    "Carla",
    "Dan",
    "Eva",
    "Finn",
    "Gita",
    "Hugo",
    "Ida",
    "Jan",
    "Kai",
    "Lea",
    "Max",
    "Nora",
)
LAST = (
    "Smith",
    "Brown",
    "Miller",
    "Jones",
    "Novak",
    "Rossi",
    "Silva",
    "Kumar",
    "Chen",
    "Berg",
    "Wolf",
    "Costa",
)
AGAIN = (
    "Is there an update?", "Thank you!", "Thanks a lot, that helped.", "OK, thank you.", "Please answer soon.", "I am still waiting.",
    "Hello? Nobody answered.", "Yes, please do that.", "No, that is not it.", "As discussed on the phone.", "See attached.",
    "This is urgent.", "I have sent the form.", "Which form do you mean?", "When can I expect an answer?",
    "Thanks, but it still does not work.", "Any news on this?", "I did as you said, nothing changed.", "Could somebody call me?",
    "That was not my question.", "Please see my mail below.",
)  # fmt: skip
NOT_ASKED = ("meta", "small_talk", "oos")
NEW = "New product"
_RESERVED = 6
_THREADS = 0.15


@dataclass(frozen=True, slots=True)
class Filed:
    """A mail where people put it."""

    folder: str
    at: datetime
    content: bytes


Folders = Mapping[str, str]
"""Matter → folder."""


class Firm:
    """Mails month by month.

    Args:
        matters: texts by matter.
        domains: matter → domain.
    """

    def __init__(self, matters: Mapping[str, Sequence[str]], domains: Folders, seed: int) -> None:
        self._rng = random.Random(seed)
        names = sorted(matters)
        self._rng.shuffle(names)
        self._texts = {name: self._rng.sample(matters[name], len(matters[name])) for name in names}
        self.new = names[:_RESERVED]
        self.folders = {name: domains[name].title() for name in names[_RESERVED:]}
        self.weights = {name: self._rng.lognormvariate(0, 0.5) for name in self.folders}
        self._count = 0

    def month(
        self,
        number: int,
        n: int,
        folders: Folders | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> list[Filed]:
        """About `n` mails of one month of 2025, threads that run into the next one included."""
        rng, where, weights = self._rng, folders or self.folders, weights or self.weights
        start = datetime(2025, number, 1, tzinfo=timezone.utc)
        filed: list[Filed] = []
        while len(filed) < n:
            matter = rng.choices(list(weights), list(weights.values()))[0]
            if not self._texts[matter]:
                continue
            at = start + timedelta(minutes=rng.randrange(28 * 1440))
            filed += self._thread(matter, where[matter], at)
        return filed

    def _thread(self, matter: str, folder: str, at: datetime) -> list[Filed]:
        rng = self._rng
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        sender = f"{name} <{name.replace(' ', '.').lower()}{rng.randrange(999)}@mail{rng.randrange(40)}.example>"
        text = self._texts[matter].pop()
        subject = rng.choice([" ".join(text.split()[: rng.randint(3, 6)]), "Question", "Help"])
        first = self._mail(sender, subject, text, at)
        filed, known = [Filed(folder, at, first.as_bytes())], [str(first["Message-ID"])]
        for _ in range(rng.randint(1, 2) if rng.random() < _THREADS else 0):
            at += timedelta(hours=rng.randrange(4, 90))
            more = self._texts[matter].pop() if self._texts[matter] and rng.random() < 0.5 else rng.choice(AGAIN)  # fmt: skip
            quoted = f"On {at:%a, %d %b %Y at %H:%M}, Support <support@firm.example> wrote:\n> We are looking into it.\n>> {text}"
            mail = self._mail(sender, f"Re: {subject}", f"{more}\n\n{quoted}", at, known)
            known.append(str(mail["Message-ID"]))
            filed.append(Filed(folder, at, mail.as_bytes()))
        return filed

    def _mail(
        self, sender: str, subject: str, text: str, at: datetime, known: Sequence[str] = ()
    ) -> EmailMessage:
        rng, mail = self._rng, EmailMessage()
        self._count += 1
        mail["From"], mail["To"], mail["Date"] = sender, "support@firm.example", format_datetime(at)
        mail["Subject"], mail["Message-ID"] = subject, f"<{self._count}@mail.example>"
        if known:
            mail["In-Reply-To"], mail["References"] = known[-1], " ".join(known)
        new, _, quoted = text.partition("\n\n")
        parts = (
            rng.choice(HELLO),
            new,
            f"{rng.choice(BYE)}\n{sender.split(maxsplit=1)[0]}",
            quoted,
        )
        mail.set_content("\n\n".join(part for part in parts if part.strip()))
        return mail


def matters_of(folder: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Texts and domain of each matter of CLINC150's tables."""
    texts: dict[str, list[str]] = defaultdict(list)
    domains: dict[str, str] = {}
    for name in ("train.csv", "val.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["domain"] not in NOT_ASKED and row["label"] != "oos":
                    texts[row["label"]].append(row["text"].strip())
                    domains[row["label"]] = row["domain"]
    return dict(texts), domains


def written(folder: Path, mails: Sequence[Filed]) -> Path:
    """An mbox for each folder, as a mail program keeps them."""
    folder.mkdir(parents=True)
    for mail in sorted(mails, key=lambda one: one.at):
        with (folder / mail.folder).open("ab") as file:
            line = f"From x@example.org {mail.at:%a %b %d %H:%M:%S %Y}\n".encode()
            file.write(line + mail.content.replace(b"\nFrom ", b"\n>From ") + b"\n\n")
    return folder


# -- what changes from September on -------------------------------------------------------------------

Later = Callable[[Firm, int], tuple[Folders, Mapping[str, float]]]


def _renamed(firm: Firm, _: int) -> tuple[Folders, Mapping[str, float]]:
    old = sorted(set(firm.folders.values()))[1]
    return {m: "Renamed" if f == old else f for m, f in firm.folders.items()}, firm.weights


def _merged(firm: Firm, _: int) -> tuple[Folders, Mapping[str, float]]:
    old = sorted(set(firm.folders.values()))[2:4]
    return {m: "Both" if f in old else f for m, f in firm.folders.items()}, firm.weights


def _swapped(firm: Firm, _: int) -> tuple[Folders, Mapping[str, float]]:
    one, two = sorted(set(firm.folders.values()))[4:6]
    other = {one: two, two: one}
    return {m: other.get(f, f) for m, f in firm.folders.items()}, firm.weights


def _new_product(firm: Firm, _: int) -> tuple[Folders, Mapping[str, float]]:
    most = 0.12 * sum(firm.weights.values()) / len(firm.new)
    return {**firm.folders, **dict.fromkeys(firm.new, NEW)}, {
        **firm.weights,
        **dict.fromkeys(firm.new, most),
    }


def _season(firm: Firm, month: int) -> tuple[Folders, Mapping[str, float]]:
    busy = sorted(set(firm.folders.values()))[0] if month >= 11 else ""
    return firm.folders, {
        m: 6 * w if firm.folders[m] == busy else w for m, w in firm.weights.items()
    }


CHANGES: Mapping[str, tuple[Later, str]] = {
    "nothing": (lambda firm, _: (firm.folders, firm.weights), ""),
    "a folder is renamed": (_renamed, "'Renamed' is no intent of this bundle"),
    "two folders are merged": (_merged, "'Both' is no intent of this bundle"),
    "two folders are swapped": (_swapped, "wrong filings are"),
    "a new product, a ninth of the mails": (_new_product, f"'{NEW}' is no intent of this bundle"),
    "a folder sixfold in November and December": (_season, "of those learned from"),
}
"""What changes, and what a replay should say of it."""
