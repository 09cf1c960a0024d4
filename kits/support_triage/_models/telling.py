"""What the models found in a mail → a prediction: label, confidence, words for a person, figures for the record.

Pure: values in, a prediction out. Confidence is 0 wherever no intent may be acted on by itself, so that every
operating point sends such a mail to a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from kits.core.mail.automatic import kind_of
from kits.core.prediction import Prediction, Quantity, Reason, Span
from kits.support_triage._entities.tone import Tone
from kits.support_triage._mail.language import is_in_none_of
from kits.support_triage._mail.reading import Reading
from kits.support_triage._mail.signatures import split_signature
from kits.support_triage._models.classifier import (
    INTENT,
    SENTIMENT,
    SEVERAL,
    URGENCY,
    Classifier,
    Verdicts,
)
from kits.support_triage._models.scope import value
from kits.support_triage._models.tone_columns import scale_by_words

LISTED = 5
"""Likely labels that a prediction names."""
RULES = "rules"
"""The first stage, which looks at every mail: headers of machines, no text, words that need a person."""
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_SAID, _LONGEST_SIGNATURE = "This is said above", 1000
_CLOSE = 0.2
"""A second label with more than this is told as a doubt."""


@dataclass(frozen=True)
class Judged:
    """The intent of one mail.

    Attributes:
        confidence: that `label` is right; 0 where a person must decide whatever the operating point says.
        doubt: why it is not certain; empty where nothing speaks against it.
        outside: how much speaks for none of the intents, 0 to 1.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    second: str
    doubt: str
    outside: float = 0.0


def judged(classifier: Classifier, verdicts: Verdicts) -> Judged:
    """The intent that the probabilities speak for, or that it is out of scope, or that there are several."""
    spec, head = classifier.spec, classifier.heads[INTENT].spec
    found = verdicts.probabilities[INTENT]
    likely = np.argsort(-found, kind="stable")[:LISTED]
    listed = {head.classes[n]: round(float(found[n]), 6) for n in likely}
    label, confidence = head.classes[likely[0]], float(found[likely[0]])
    second = head.classes[likely[1]] if len(likely) > 1 else ""
    together = _several(classifier, verdicts)
    if head.several:
        confidence = exactness(found, head.cut)
    inside = _inside(confidence, verdicts.likeness)
    doubt = f"could also be {second} ({listed[second]:.0%})" if second else ""
    told = Judged(label, confidence, listed, second, doubt, 1 - inside)
    if len(together) > 1:
        doubt = "several matters: " + ", ".join(together)
        return replace(told, label="|".join(together), confidence=0.0, doubt=doubt)
    below = spec.scope.below if spec.scope is not None else 0.0
    names = spec.scope.names if spec.scope is not None else ()
    if label in names or inside < below or (head.several and not together and names):
        doubt = f"about none of the intents; nearest: {label}"
        return replace(told, label=names[0], confidence=0.0, second=label, doubt=doubt)
    if spec.suggests_only:
        doubt = "no mail was labelled yet: a suggestion by the label's name"
        return replace(told, confidence=0.0, doubt=doubt)
    close = bool(second) and listed[second] >= _CLOSE
    return told if close else replace(told, doubt="")


def _inside(confidence: float, likeness: float | None) -> float:
    like = None if likeness is None else np.array([likeness], np.float32)
    return float(value(np.array([confidence], np.float32), like)[0])


def exactness(found: NDArray[np.float32], cut: float) -> float:
    """Probability that exactly the labels above the cut hold, each independent of the others."""
    return float(np.prod(np.where(found >= cut, found, 1 - found), dtype=np.float64))


def _several(classifier: Classifier, verdicts: Verdicts) -> tuple[str, ...]:
    """The labels that hold by themselves, sorted; empty where nothing asks for it."""
    for target in (SEVERAL, INTENT):
        head = classifier.heads.get(target)
        if head is not None and head.spec.several:
            found = verdicts.probabilities[target]
            return tuple(head.spec.classes[n] for n in np.flatnonzero(found >= head.spec.cut))
    return ()


def told(
    classifier: Classifier,
    verdicts: Verdicts,
    reading: Reading,
    spans: Sequence[Span],
    automatic: str,
    tone: Tone,
) -> Prediction:
    """The prediction for one mail.

    Args:
        automatic: why a machine wrote it; empty where a person did.
        tone: how it sounds by its words: what no label taught, and why a person must see it.
    """
    if not reading.text.strip():
        details = _details(reading, automatic, Judged("", 0.0, {}, "", ""), ())
        return Prediction(0.0, reasons=(Reason("the mail holds no text"),), details=details)
    intent = judged(classifier, verdicts)
    for_person = (
        tone.needs_person,
        _unread(reading),
        _wordless(reading.text),
        _foreign(classifier, reading),
        _unheard_of(classifier, automatic),
        _disputed(classifier, reading.text),
    )
    doubts = [text for text in (*for_person, intent.doubt) if text]
    return Prediction(
        score=0.0 if any(for_person) else intent.confidence,
        label=intent.label,
        probabilities=intent.probabilities,
        spans=tuple(spans),
        quantities=tuple(_levels(classifier, verdicts, tone)),
        reasons=(
            *(Reason(text) for text in doubts),
            *_reasons(classifier, verdicts, reading.text, intent.label),
        ),
        details={
            **_details(reading, automatic, intent, verdicts.stages),
            "scales": _scales(classifier),
        },
    )


def _wordless(text: str) -> str:
    """Why a mail of numbers and marks alone is left to a person: models know words; empty where there is a letter."""
    return "" if any(map(str.isalpha, text)) else "the mail holds no words"


def _unread(reading: Reading) -> str:
    """Why what a mail says is not known: its subject alone decides nothing; empty where there is a text."""
    if _ENCRYPTED in reading.body:
        return "the mail is encrypted: what it says cannot be read"
    if reading.message.attachments and _is_signature(reading.body):
        return "the mail has no text: what it says lies in its attachments"
    return ""


def _is_signature(body: str) -> bool:
    """Whether nothing is said but who wrote, or by what."""
    if len(body) > _LONGEST_SIGNATURE:
        return False
    return not body.strip() or split_signature(f"{_SAID}\n\n{body}")[0].strip() == _SAID


def _unheard_of(classifier: Classifier, automatic: str) -> str:
    """Why a machine's mail is left to a person; empty where mails of its kind were learned from, or a person wrote it."""
    learned = classifier.spec.machines
    if not automatic or learned is None or kind_of(automatic) in learned:
        return ""
    return f"a machine wrote it ({kind_of(automatic)}), and such mails have no labels"


def _foreign(classifier: Classifier, reading: Reading) -> str:
    """Why the mail's language leaves it to a person; empty where mails in it were learned from, or none can be told."""
    learned = classifier.spec.languages
    if not learned or reading.language in learned:
        return ""
    if reading.language:
        return f"in a language ({reading.language}) that no labelled mails are in"
    unheard = is_in_none_of(reading.body or reading.text, learned)
    return "in none of the languages that labelled mails are in" if unheard else ""


def _disputed(classifier: Classifier, text: str) -> str:
    """Why a text is left to a person that people did not file alike; empty where they did, or had none like it."""
    if not classifier.spec.disputed or digest_of_text(text) not in classifier.spec.disputed:
        return ""
    return "mails that say the same were filed under several labels"


def digest_of_text(text: str) -> str:
    """Equal for texts that differ in white space only."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()


def _reasons(classifier: Classifier, verdicts: Verdicts, text: str, label: str) -> Iterator[Reason]:
    """What spoke for the label: words where they counted, else how like the label's mails it is."""
    if "network" not in verdicts.stages or classifier.heads[INTENT].spec.ngram_weight > 0:
        for word, weight in classifier.words_for(text, label):
            yield Reason(f"“{word}” speaks for {label}", weight, "text")
    elif verdicts.likeness is not None and label in classifier.heads[INTENT].spec.classes:
        yield Reason(f"reads like the mails that are {label} (likeness {verdicts.likeness:.2f})")


def _levels(classifier: Classifier, verdicts: Verdicts, tone: Tone) -> list[Quantity]:
    """Urgency and sentiment: by learned models, or by the words of the mail where nothing was learned."""
    levels = []
    for name, by_words in ((URGENCY, tone.urgency), (SENTIMENT, tone.sentiment)):
        if name in classifier.heads:
            found = verdicts.probabilities[name]
            best = int(found.argmax())
            value = float(classifier.heads[name].spec.classes[best])
            levels.append(Quantity(name, value, "level", confidence=round(float(found[best]), 6)))
        else:
            levels.append(Quantity(name, float(by_words), "level"))
    return levels


def _scales(classifier: Classifier) -> dict[str, JsonValue]:
    """The levels that urgency and sentiment can have, the lowest first: the labels' own, or those of words alone."""
    scales: dict[str, JsonValue] = {}
    for name in (URGENCY, SENTIMENT):
        head = classifier.heads.get(name)
        levels = scale_by_words(name) if head is None else map(float, head.spec.classes)
        scales[name] = [*sorted(float(level) for level in levels)]
    return scales


def _details(
    reading: Reading, automatic: str, intent: Judged, models: Sequence[str]
) -> dict[str, JsonValue]:
    """What stands beside the decision; `stages`: what looked at the mail, in order, rules and `models`."""
    return {
        "language": reading.language,
        "automatic": automatic,
        "hidden_chars": reading.hidden_chars,
        "attachments": [attachment.name for attachment in reading.message.attachments],
        "text_digest": digest_of_text(reading.text),
        "second": intent.second,
        "out_of_scope": round(intent.outside, 6),
        "stages": [RULES, *models],
    }
