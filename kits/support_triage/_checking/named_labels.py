"""Rules about mails that bear the name of their own label: in the subject, or in a line of the text.

Help desks write it while they file a mail. New mails do not have it, and every figure is too good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.core.mail.threads import bare_subject
from kits.support_triage._checking.mails import Mail

_AGREES = 0.9
_LEAST = 10
_MANY = 0.2
"""Share of the labelled mails from which a name without brackets is told: persons begin some of theirs so."""
_SHOWN = 20
_LEVELS = re.compile(r"::|[/>\\|]")
_BRACKETED = re.compile(r"\[([^\[\]]{1,80})\]|\(([^()]{1,80})\)")
_PARTS = re.compile(r"[\[\](){}|:>/]|\s[-\u2013\u2014]\s")
_FIELD = re.compile(r"^[^\W\d_][\w .()/*-]{0,30}[:=\t](?!//)(?P<value>.{1,120})$")
"""`Queue: Billing`"""
_MOST_LINES = 200


def subjects(mails: list[Mail]) -> Iterator[Finding]:
    """Mails that bear their own label in a part of the subject: `[Billing] my bill`, `Billing: my bill`, `my bill - Billing`."""
    own = _own(mails, _bracketed)
    if len(own) < _LEAST:
        own = _often(mails, _own(mails, _parted))
    if own:
        yield _finding(
            "subjects-name-labels",
            f"have their own label in the subject, as {own[0][1]!r}",
            mails,
            own,
        )


def lines(mails: list[Mail]) -> Iterator[Finding]:
    """Mails whose text says the label in a line of its own: `Queue: Billing`."""
    if own := _often(mails, _own(mails, _fields)):
        yield _finding(
            "texts-name-labels",
            f"have their own label in a line of the text, as {own[0][1]!r}",
            mails,
            own,
        )


Own = list[tuple[Mail, str]]


def _own(mails: list[Mail], parts: Callable[[Mail], list[str]]) -> Own:
    """Mails of which a part names their own label, with the part; none where the names are often of other labels."""
    said = [mail for mail in mails if mail.label]
    known = {name for label in {mail.label for mail in said} for name in _names(label)}
    telling, own = 0, []
    for mail in said:
        named = [part for part in parts(mail) if squeezed(part) in known]
        mine = [part for part in named if squeezed(part) in _names(mail.label)]
        telling += bool(named)
        if mine:
            own.append((mail, mine[0]))
    return own if len(own) >= _AGREES * telling else []


def _often(mails: list[Mail], own: Own) -> Own:
    """Those where they are many, and of several labels; else none."""
    enough = max(_LEAST, _MANY * sum(bool(mail.label) for mail in mails))
    return own if len(own) >= enough and len({mail.label for mail, _ in own}) > 1 else []


def _bracketed(mail: Mail) -> list[str]:
    return [one or two for one, two in _BRACKETED.findall(mail.reading.subject)]


def _parted(mail: Mail) -> list[str]:
    """Parts of a subject that is not one part alone: who asks for a refund may call the mail so."""
    parts = [part.strip() for part in _PARTS.split(bare_subject(mail.reading.subject))]
    parts = [part for part in parts if part]
    return parts if len(parts) > 1 else []


def _fields(mail: Mail) -> list[str]:
    lines = mail.reading.body.split("\n")[:_MOST_LINES]
    return [found["value"].strip() for line in lines if (found := _FIELD.match(line.strip()))]


def _names(label: str) -> set[str]:
    """What a label may be called: `Cards::Lost` as a whole, and each of its levels; of several intents each."""
    return {squeezed(label), *map(squeezed, _LEVELS.split(label))} - {""}


def _finding(check: str, told: str, mails: list[Mail], own: Own) -> Finding:
    said = sum(bool(mail.label) for mail in mails)
    return Finding(
        check,
        "warn",
        f"{len(own)} of {said} labelled mails {told}: if it was written when the mail was filed, new mails do not have it, and"
        " every figure, a replay's too, is too good",
        tuple(mail.name for mail, _ in own[:_SHOWN]),
        "export the mails as they came, or take the names off before the import; nothing to do if senders write them, as a"
        " form does",
    )
