"""Rules about texts: empty ones, languages the encoder does not know, machines, quotes, hidden text, personal data.

They count and name; personal data is never shown, only how much of it there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from kits.core.kit import Finding
from kits.core.mail.automatic import plain_address
from kits.support_triage._checking.mails import Mail
from kits.support_triage._entities.rules import Rules, settle
from kits.support_triage._entities.text import Text
from kits.support_triage.config import Config

_SHOWN = 10
_ENGLISH = "en"
_SURE_WORDS = 8
"""Words from which a language is told reliably."""
_FOREIGN_SHARE = 0.03
_MACHINE_SHARE = 0.02
_QUOTE_SHARE = 0.5
_OWN_SHARE, _LEAST_OWN = 0.2, 3
_PERSONAL = {
    "email": "mail addresses",
    "iban": "IBANs",
    "card": "card numbers",
    "phone": "phone numbers",
}
_PERSONAL_CHARS = 20_000


def empty(mails: list[Mail]) -> Iterator[Finding]:
    """Mails without a word."""
    bare = [mail for mail in mails if not mail.words]
    if bare:
        yield Finding(
            "empty-texts",
            "warn",
            f"{len(bare)} of {len(mails)} mails have no text once quotes and signatures are gone",
            tuple(mail.name for mail in bare[:_SHOWN]),
            "nothing to do if they are scans or pictures: they go to a person",
        )


def languages(mails: list[Mail], config: Config) -> Iterator[Finding]:
    """Mails in a language that the encoder did not learn."""
    told = Counter(m.language for m in mails if m.language and m.words >= _SURE_WORDS)
    total = told.total()
    if not total:
        return
    shown = tuple(f"{language}: {n / total:.1%}" for language, n in told.most_common(8))
    foreign = 1 - told[_ENGLISH] / total
    if config.encoder.source or config.approach in ("ngrams", "names") or foreign <= _FOREIGN_SHARE:
        yield Finding("languages", "pass", f"{len(told)} languages in {total} mails", shown)
        return
    yield Finding(
        "languages",
        "warn",
        f"{foreign:.0%} of the mails are not in English, which is all that the packaged encoder was taught; counted"
        " words may have to carry them (training compares both)",
        shown,
        "set model.encoder.source to a multilingual encoder (a folder or a hub id)",
    )


def machines(mails: list[Mail]) -> Iterator[Finding]:
    """Automatic mails among those that people are to have written."""
    found = [mail for mail in mails if mail.automatic]
    if len(found) <= _MACHINE_SHARE * len(mails):
        return
    reasons = Counter(mail.automatic for mail in found).most_common(6)
    yield Finding(
        "machine-mails",
        "warn",
        f"{len(found)} of {len(mails)} mails ({len(found) / len(mails):.0%}) were written by machines; they are sorted,"
        " but never answered",
        tuple(f"{n}× {why}" for why, n in reasons),
        "if they need no intent, leave them out of the import: figures are about people's mails then",
    )


def own(mails: list[Mail]) -> Iterator[Finding]:
    """Mails from an address that customers write to: the firm's answers, which teach what the firm says."""
    to = Counter(one for mail in mails for one in {*map(plain_address, mail.reading.message.to)})
    ours = {address for address, n in to.items() if address and n > _OWN_SHARE * len(mails)}
    found = [mail for mail in mails if mail.label and _wrote(mail, ours)]
    if len(found) < _LEAST_OWN:
        return
    names = sorted({plain_address(mail.reading.message.sender) for mail in found})
    yield Finding(
        "own-mails",
        "warn",
        f"{len(found)} labelled mails are from {', '.join(names)}, which customers write to: answers of the firm's own?",
        tuple(mail.name for mail in found[:_SHOWN]),
        f"own_addresses: [{', '.join(names)}] in mails.yaml leaves them out; import again with --replace",
    )


def _wrote(mail: Mail, ours: Collection[str]) -> bool:
    """Whether the firm wrote it itself; a form that writes for a customer names him in Reply-To."""
    message = mail.reading.message
    return plain_address(message.sender) in ours and plain_address(message.answer_address) in ours


def quotes(mails: list[Mail]) -> Iterator[Finding]:
    """Mails that are mostly what others wrote before."""
    long = [m for m in mails if len(m.reading.quoted) > 4 * max(40, len(m.reading.body))]
    if mails and len(long) > _QUOTE_SHARE * len(mails):
        yield Finding(
            "mostly-quotes",
            "warn",
            f"{len(long)} of {len(mails)} mails are mostly quoted text, which is not looked at",
            tuple(mail.name for mail in long[:_SHOWN]),
            "learn from the first mail of a thread: it says what the matter is",
        )


def hidden(mails: list[Mail]) -> Iterator[Finding]:
    """Text that a person does not see."""
    found = [mail for mail in mails if mail.reading.hidden_chars > 200]
    if found:
        yield Finding(
            "hidden-text",
            "warn",
            f"{len(found)} of {len(mails)} mails hold text that nobody sees; it was left out",
            tuple(f"{m.name}: {m.reading.hidden_chars} characters" for m in found[:_SHOWN]),
            "nothing to do; newsletters and attacks do so",
        )


def personal(mails: list[Mail]) -> Iterator[Finding]:
    """How many mails hold personal data; none of it is shown."""
    rules = Rules((*_PERSONAL,), {}, ())
    counts: Counter[str] = Counter()
    for mail in mails:
        text = mail.reading.text[:_PERSONAL_CHARS]
        # as they are replaced for a writer: digits of an account are no card's
        counts.update({one.kind for one in settle(rules.find(Text(text)), len(text))})
    found = {told: counts[kind] for kind, told in _PERSONAL.items() if counts[kind]}
    if found:
        yield Finding(
            "personal-data",
            "pass",
            "mails hold personal data: " + ", ".join(f"{kind} in {n}" for kind, n in found.items()),
            fix="who may read this project's folder may read them; a writer outside sees placeholders only",
        )
