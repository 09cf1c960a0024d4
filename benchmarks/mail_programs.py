"""The same made-up tickets as many programs and public data sets write them, read without a setting: what of them the kit finds.

Of each file: tickets found by their whole text, and with it subject, intent, day of arrival and sender that are the true
ones; agents' answers in a text, or read as tickets, are wrong. Files are written by what the makers say of their fields,
not by real accounts.

Usage: python -m benchmarks.mail_programs [NAME …] [--tickets 120] [--keep FOLDER] [--told]
NAME: part of a program's name; without any, all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.desks.all_desks import DESKS
from benchmarks.desks.made import Ticket, make_tickets
from benchmarks.desks.writing import Desk
from benchmarks.machines_run import header, table
from kits.core.errors import KitwrightError
from kits.core.kit import Finding, RawSample
from kits.support_triage import data
from kits.support_triage._mail.reading import Reading, read_mail
from kits.support_triage._reading.rows import NOBODY

_ASKED = ("subject", "label", "date", "sender")
_COLUMNS = ("program", "tickets", *_ASKED, "not as in truth")


@dataclass(frozen=True)
class Found:
    """What was read of a program's file.

    Attributes:
        samples: how many there are in the dataset.
        right: "text" and what is asked of a ticket beside it → of how many of the true tickets it is right.
        strangers: mails whose sender is somebody else than the customer.
        findings: what was told.
        refusal: why nothing was read; empty where something was.
    """

    samples: int
    right: dict[str, int]
    strangers: int
    findings: tuple[Finding, ...]
    refusal: str = ""

    def wrong(self, desk: Desk, tickets: Sequence[Ticket]) -> list[str]:
        """What is not as it is in truth, in words; what the program does not tell is not asked for."""
        if desk.refused or self.refusal:
            missing = [word for word in desk.refused if word not in self.refusal]
            if desk.refused and self.refusal and not missing:
                return []
            return [f"refused: {self.refusal}" if self.refusal else "read, not refused"]
        said = []
        if self.samples != len(tickets):
            said.append(f"{self.samples} mails, {len(tickets)} in truth")
        untold = desk.told if desk.splits else {*desk.told, "split"}
        for name, count in self.right.items():
            if name not in untold and count != len(tickets):
                said.append(f"{name} of {count} right")
        if self.strangers:
            said.append(f"{self.strangers} of another sender")
        refused = [one.text for one in self.findings if one.level == "fail"]
        return said + refused[:1]


def look(path: Path, tickets: Sequence[Ticket]) -> Found:
    """Reads a file as `kit data import` does, without a setting."""
    try:
        read = list(data.read(path, data.detect_format(path)))
    except KitwrightError as error:
        return Found(0, {}, 0, (), " ".join(str(error).split()))
    samples = [one for one in read if isinstance(one, RawSample)]
    findings = tuple(one for one in read if isinstance(one, Finding))
    known = {ticket.line: ticket for ticket in tickets}
    pairs: dict[int, tuple[Ticket, RawSample, Reading]] = {}
    strangers = 0
    for sample in samples:
        mail = read_mail(sample.content)
        ticket = known.get(" ".join(mail.body.split())) or known.get(mail.subject)
        owner = ticket.mail if ticket else ""
        strangers += mail.message.sender not in ("", NOBODY, owner)
        if ticket is not None:
            pairs[ticket.n] = (ticket, sample, mail)
    right = dict.fromkeys(("text", "split", *_ASKED), 0)
    for ticket, sample, mail in pairs.values():
        for name, value in _told(ticket, sample, mail).items():
            right[name] += value
    return Found(len(samples), right, strangers, findings)


def _told(ticket: Ticket, sample: RawSample, mail: Reading) -> dict[str, bool]:
    label = sample.annotation.label if sample.annotation else ""
    # a program may write a label small, behind the name of its group, or with a colour
    said, true = label.casefold(), ticket.label.casefold()
    is_label = (said.endswith(true) or said.startswith(true)) and "|" not in label
    date = mail.message.date
    return {
        "text": " ".join(mail.body.split()) == ticket.line,
        "split": sample.split == ("train" if ticket.n % 3 else "test"),
        "subject": mail.subject == ticket.subject,
        "label": is_label,
        "date": date is not None and date.date() == ticket.at.date(),
        "sender": mail.message.sender == ticket.mail,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a program's name")
    parser.add_argument("--tickets", type=int, default=120)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the files")
    parser.add_argument("--told", action="store_true", help="print what the import tells of each")
    options = parser.parse_args()
    wanted = [
        d
        for d in DESKS
        if not options.names or any(n.lower() in d.name.lower() for n in options.names)
    ]
    print(header(f"Mails: {len(wanted)} programs' files, {options.tickets} tickets each"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        print(table(_COLUMNS, [_row(d, folder, options) for d in wanted]))


def _row(desk: Desk, folder: Path, options: argparse.Namespace) -> list[str]:
    tickets = make_tickets(options.tickets, desk.language)
    found = look(desk.write(folder, tickets), tickets)
    if options.told:
        print(f"\n== {desk.name}\n" + "\n".join(f"{f.check}: {f.text}" for f in found.findings))
    shares = [f"{found.right.get(name, 0) / len(tickets):.0%}" for name in ("text", *_ASKED)]
    return [desk.name, *shares, "; ".join(found.wrong(desk, tickets))]


if __name__ == "__main__":
    main()
