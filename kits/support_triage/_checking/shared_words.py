"""A rule about words that a large share of mails have in common: the firm's answer below the customer's text, a signature.

Mails that are copies of each other as a whole are the question of `copies.py`, and count once here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kits.core.kit import Finding
from kits.support_triage._checking.mails import Mail
from kits.support_triage._checking.texts import key_of, masked_words

RUN = 8
"""Words in a row: greetings and closings are shorter."""
_MOST, _MOST_WORDS = 2_000, 600
"""Mails that are looked at, and words of each."""
_LEAST = 40
_OFTEN, _SHARE = 0.05, 0.3
"""A run in so many mails is of no single writer; so many of the mails with one are too many to be so by chance."""
_SHOWN = 3


def shared(mails: list[Mail]) -> Iterator[Finding]:
    """Runs of words that stand in many mails, as what a firm writes does and what customers write does not."""
    labelled = [mail for mail in mails if mail.label]
    chosen = labelled[:: max(1, -(-len(labelled) // _MOST))]
    each = (masked_words(mail.reading.body)[:_MOST_WORDS] for mail in chosen)
    texts = {key_of(words): words for words in each if words}
    counts: Counter[str] = Counter()
    for words in texts.values():
        counts.update(_runs(words))
    often = [(run, n) for run, n in counts.most_common() if n >= _OFTEN * len(texts)]
    runs = {run for run, _ in often}
    having = sum(not runs.isdisjoint(_runs(words)) for words in texts.values())
    if len(texts) < _LEAST or having < _SHARE * len(texts):
        return
    yield Finding(
        "shared-words",
        "warn",
        f"{having / len(texts):.0%} of {len(texts)} labelled mails have whole runs of words in common, as answers of the firm, a"
        " signature or a form have: where new mails come without them, every figure is too good",
        tuple(f"{n}×: {run}" for run, n in _apart(often)),
        "export what the customer wrote, of a ticket its first message alone; nothing to do if new mails hold them, too",
    )


def _runs(words: list[str]) -> set[str]:
    return {" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def _apart(often: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The most frequent ones, of those that overlap the first."""
    kept: list[tuple[str, int]] = []
    for run, n in often:
        if all(len({*run.split()} & {*other.split()}) < RUN // 2 for other, _ in kept):
            kept.append((run, n))
        if len(kept) == _SHOWN:
            break
    return kept
