"""`kit check` of mails that have the firm's words in them beside the customer's."""

from __future__ import annotations

from kits.core.kit import Finding
from kits.support_triage._checking import shared_words
from kits.support_triage._checking.mails import load
from tests.support_triage.triage import sample, version

ANSWERS = (
    "We are sorry to hear that and have sent your message on to our colleagues of the accounts.",
    "Please restart the device, wait for five minutes and try to register it once more with us.",
)
N = 60


def asked(n: int) -> str:
    """Twenty words that no other has."""
    return " ".join("".join(chr(97 + int(d)) for d in f"{20 * n + k:04}") for k in range(20))


def told(texts: list[str], label: str = "refund") -> list[Finding]:
    samples = [sample(text, label) for text in texts]
    return list(shared_words.shared(load(version(samples))[0]))


def test_answers_of_the_firm_below_the_customers_text_are_told_with_their_words() -> None:
    [found] = told([f"{asked(n)}\n\n{ANSWERS[n % 2]}" for n in range(N)])
    assert found.level == "warn"
    assert found.text.startswith("100% of 60 labelled mails have whole runs of words in common")
    assert found.evidence[0].startswith("30×: ") and len(found.evidence) == 3


def test_words_of_a_few_mails_and_copies_as_a_whole_are_not_told() -> None:
    assert told([asked(n) for n in range(N)]) == []
    assert told([f"{asked(n)} {ANSWERS[0] if n % 5 == 0 else ''}" for n in range(N)]) == []
    notice = [f"{ANSWERS[0]} {n}" for n in range(N)]
    assert told([*[asked(n) for n in range(N)], *notice]) == []


def test_answers_without_a_label_are_not_told() -> None:
    assert told([f"{asked(n)}\n\n{ANSWERS[0]}" for n in range(N)], label="") == []
