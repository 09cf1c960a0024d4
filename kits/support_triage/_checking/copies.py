"""Rules about mails that say the same: copies with different labels, copies across splits, crowds, templates that leak.

A template leaks when a mail of the test part equals one of training once numbers and names of entities are masked:
what is measured then is memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from kits.core.kit import Finding
from kits.support_triage._checking.duplicates import similar_texts
from kits.support_triage._checking.mails import Mail
from kits.support_triage._checking.texts import key_of, masked_words
from kits.toolchain.splitting import LARGEST_CLUSTER
from kits.toolchain.splitting_spells import Union

_SHOWN = 20
_LEAKY = 0.05


def copied(mails: list[Mail]) -> Iterator[Finding]:
    """Copies that disagree, and copies on both sides of a split."""
    named = {mail.item.sample.id: mail for mail in mails}
    pairs = [
        (named[a], named[b])
        for a, b in similar_texts((m.item.sample.id, m.reading.text) for m in mails)
    ]
    unlike = [(a, b) for a, b in pairs if a.label and b.label and a.label != b.label]
    if unlike:
        yield Finding(
            "copies-with-different-labels",
            "warn",
            f"{len(unlike)} pairs of mails say the same and have different labels",
            tuple(f"{a.name}: {a.label} ~ {b.name}: {b.label}" for a, b in unlike[:_SHOWN]),
            "decide which label is right; labels that people cannot tell apart are better one",
        )
    across = [(a, b) for a, b in pairs if a.item.split != b.item.split]
    crowds = _crowds(mails, pairs)
    if crowds:
        yield from _everywhere(mails, crowds)
    across = [pair for pair in across if pair[0].item.sample.id not in crowds]
    if across:
        yield Finding(
            "copies-across-splits",
            "fail",
            f"{len(across)} pairs of mails that say the same stand in different splits",
            tuple(
                f"{a.name} ({a.item.split}) ~ {b.name} ({b.item.split})" for a, b in across[:_SHOWN]
            ),
            "import again with --replace: copies are then kept together",
        )
    if not unlike and not across and not crowds:
        yield Finding("copies", "pass", f"{len(pairs)} pairs of copies, none across splits")


def _crowds(mails: list[Mail], pairs: list[tuple[Mail, Mail]]) -> dict[str, str]:
    """Ids of mails with so many copies that no import keeps them, and the threads they stand in, in one split; with their crowd."""
    copies, sizes = Union(), Counter(_thread(mail) for mail in mails)
    for a, b in pairs:
        copies.join(a.item.sample.id, b.item.sample.id)
    copied = {mail.item.sample.id: mail for pair in pairs for mail in pair}
    threads: dict[str, set[str]] = defaultdict(set)
    for one, mail in copied.items():
        threads[copies.root(one)].add(_thread(mail))
    limit = max(10, int(LARGEST_CLUSTER * len(mails)))
    together = {root: sorted(sizes[name] for name in named) for root, named in threads.items()}
    large = {root for root, of_each in together.items() if sum(of_each[:-1]) >= limit}
    return {one: root for one in copied if (root := copies.root(one)) in large}


def _everywhere(mails: list[Mail], crowds: dict[str, str]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for mail in mails:
        if (crowd := crowds.get(mail.item.sample.id)) and mail.item.split == "train":
            first.setdefault(crowd, mail.name)
    judged = [mail for mail in mails if mail.item.split != "train"]
    found = [
        (mail, first[crowd])
        for mail in judged
        if (crowd := crowds.get(mail.item.sample.id)) and crowd in first
    ]
    if found:
        yield Finding(
            "copies-everywhere",
            "warn",
            f"{len(found)} of {len(judged)} mails of val and test ({len(found) / len(judged):.0%}) say what many others say,"
            " too many to be kept in one split: where these have one label, figures on them measure memory",
            tuple(
                f"{mail.name} ({mail.item.split}) ~ {other} (train)"
                for mail, other in found[:_SHOWN]
            ),
            "a newsletter or notice: take it out of the import, or keep a sender's mails together (group: sender in"
            " mails.yaml); thanks at the end of tickets: import the first message of each",
        )


def _thread(mail: Mail) -> str:
    return mail.item.sample.group or mail.item.sample.id


def templates(mails: list[Mail]) -> Iterator[Finding]:
    """Test mails that equal a training mail once entities are masked."""
    learned: dict[bytes, str] = {}
    sizes: dict[bytes, int] = defaultdict(int)
    keyed = [(mail, _masked(mail)) for mail in mails]
    for mail, key in keyed:
        sizes[key] += 1
        if mail.item.split == "train":
            learned.setdefault(key, mail.name)
    judged = [(mail, key) for mail, key in keyed if mail.item.split != "train" and key]
    leaking = [(mail, learned[key]) for mail, key in judged if key in learned]
    repeated = sum(n for key, n in sizes.items() if n > 1 and key)
    if judged and len(leaking) > _LEAKY * len(judged):
        yield Finding(
            "templates-leak",
            "warn",
            f"{len(leaking)} of {len(judged)} mails of val and test ({len(leaking) / len(judged):.0%}) equal a training"
            " mail once names and numbers are masked: figures on them measure memory",
            tuple(f"{mail.name} ~ {other}" for mail, other in leaking[:_SHOWN]),
            "believe no figure on made-up mails; judge on real ones (kit evaluate --data)",
        )
    elif mails and repeated > _LEAKY * len(mails):
        yield Finding(
            "templates",
            "warn",
            f"{repeated} of {len(mails)} mails equal another one once names and numbers are masked",
            fix="if forms or notices wrote them, a rule by sender or subject sorts them better than a model",
        )


def _masked(mail: Mail) -> bytes:
    """Key of the text with its annotated entities and all numbers masked; empty for an empty text."""
    text = mail.reading.text
    spans = mail.item.annotation.spans if mail.item.annotation else ()
    for span in sorted(spans, key=lambda s: -s.start):
        text = f"{text[: span.start]} 0 {text[span.end :]}"
    words = masked_words(text)
    return key_of(words) if words else b""
