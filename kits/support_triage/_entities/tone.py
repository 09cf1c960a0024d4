"""How urgent and how angry a mail is, without a single label: words and cues in twelve languages.

A baseline where nobody has labelled anything, features for models where somebody has, and a rule that is never learned:
words of law, danger or despair bring a mail before a person. Coarse by nature; the figures are in `docs/benchmarks.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kits.support_triage._entities import tone_words
from kits.support_triage._entities.phrases import Phrases
from kits.support_triage._entities.text import Text

MAX_CHARS = 20_000
"""Characters looked at for tone; words of danger are looked for in all of a text up to `MAX_DANGER`."""
MAX_DANGER = 200_000
_REACH = 3
"""Words after a negation whose feeling it turns."""

_CUES: Mapping[str, tuple[str, ...]] = {
    "urgent": tone_words.URGENT,
    "deadline": tone_words.DEADLINE,
    "repeated": tone_words.REPEATED,
    "stopped": tone_words.STOPPED,
    "calm": tone_words.CALM,
    "thanks": tone_words.THANKS,
}
_FEELINGS: Mapping[str, tuple[str, ...]] = {
    "positive": tone_words.POSITIVE,
    "negative": tone_words.NEGATIVE,
    "negation": tone_words.NEGATION,
    "intense": tone_words.INTENSE,
}


def _table(rows: Mapping[str, tuple[str, ...]]) -> Phrases[str]:
    return Phrases({word: name for name, words in rows.items() for word in words})


_CUE_PHRASES = _table(_CUES)
_FEELING_PHRASES = _table(_FEELINGS)
_DANGER_PHRASES = _table(tone_words.DANGER)

_REASONS: Mapping[str, str] = {
    "legal": "it speaks of the law",
    "safety": "it speaks of danger or injury",
    "harm": "it speaks of violence or despair",
    "press": "it may come from the press",
}

FEATURES = (
    *_CUES,
    "positive",
    "negative",
    "exclamations",
    "questions",
    "capitals",
    "danger",
)
"""Names of the numbers of `Tone.features`, in order; each lies in 0 … 1."""

_URGENCY_WEIGHTS: Mapping[str, float] = {
    "urgent": 2.0,
    "deadline": 1.0,
    "repeated": 1.0,
    "stopped": 1.0,
    "danger": 2.0,
    "exclamations": 0.5,
    "capitals": 0.5,
    "calm": -1.5,
}
_LEVELS = (0.5, 2.0, 4.0)
"""Least sums for the levels above the lowest."""
CAN_WAIT, USUAL, SOON, AT_ONCE = 1, 2, 3, 4
"""Levels as labels in words have them: low, medium, high, critical."""
URGENCIES = (CAN_WAIT, USUAL, SOON, AT_ONCE)
SENTIMENTS = (0, 1, 2)
"""Negative, neutral, positive."""
_ENOUGH = 3
"""Occurrences after which more change nothing."""


@dataclass(frozen=True, slots=True)
class Tone:
    """How a text sounds.

    Attributes:
        urgency: 1 can wait, 2 usual, 3 soon, 4 at once.
        sentiment: 0 negative, 1 neutral, 2 positive.
        needs_person: why a person must answer, for a person to read; empty: nothing speaks for it.
        cues: the words that decided, as they stand in the text, at most ten.
        features: numbers in 0 … 1, as `FEATURES` names them.
    """

    urgency: int
    sentiment: int
    needs_person: str
    cues: tuple[str, ...]
    features: tuple[float, ...]


def read_tone(text: str, language: str = "") -> Tone:
    """The tone of `text`.

    Args:
        language: ISO 639-1 code; the words of all languages are looked for whatever it is.
    """
    return tone_of(Text(text, language))


def tone_of(text: Text) -> Tone:
    """As `read_tone`, of a text whose words somebody else looks at too."""
    read = _begin(text, MAX_CHARS)
    counts: dict[str, float] = dict.fromkeys(FEATURES, 0.0)
    seen: list[str] = []
    for hit in _CUE_PHRASES.find(read):
        counts[hit.value] += 1
        seen.append(read.raw[read.words[hit.first].start : read.words[hit.last - 1].end])
    _feel(read, counts)
    counts["exclamations"] = float(read.raw.count("!"))
    counts["questions"] = float(read.raw.count("?"))
    danger, word = _danger(_begin(text, MAX_DANGER))
    counts["danger"] = float(bool(danger))
    features = {name: min(count, _ENOUGH) / _ENOUGH for name, count in counts.items()}
    features["capitals"] = _capitals(read)
    return Tone(
        urgency=_urgency(features),
        sentiment=_sentiment(counts),
        needs_person=f"{_REASONS[danger]} (“{word}”)" if danger else "",
        cues=tuple(dict.fromkeys(seen))[:10],
        features=tuple(features[name] for name in FEATURES),
    )


def needs_person(text: str) -> str:
    """Why a person must answer, whatever a model says; empty: nothing speaks for it."""
    danger, word = _danger(Text(text[:MAX_DANGER]))
    return f"{_REASONS[danger]} (“{word}”)" if danger else ""


def _begin(text: Text, chars: int) -> Text:
    """The text up to so many characters: most are looked at whole, and their words found once."""
    return text if len(text.raw) <= chars else Text(text.raw[:chars], text.language)


def _danger(read: Text) -> tuple[str, str]:
    for hit in _DANGER_PHRASES.find(read):
        return hit.value, read.raw[read.words[hit.first].start : read.words[hit.last - 1].end]
    return "", ""


def _feel(read: Text, counts: dict[str, float]) -> None:
    """Adds words of feeling; a negation within three words before turns one, an intensifier doubles it."""
    turned_until = strong_until = -1
    for hit in _FEELING_PHRASES.find(read):
        if hit.value == "negation":
            turned_until = hit.last + _REACH
        elif hit.value == "intense":
            strong_until = hit.last + 1
        else:
            turned = hit.first < turned_until and not _stops(read, turned_until - _REACH, hit.first)
            name = (
                {"positive": "negative", "negative": "positive"}[hit.value] if turned else hit.value
            )
            counts[name] += (0.5 if turned and name == "positive" else 1.0) * (
                2.0 if hit.first < strong_until else 1.0
            )


def _stops(read: Text, first: int, last: int) -> bool:
    """Whether a clause ends between word `first` (exclusive end of a negation) and word `last`."""
    between = read.raw[read.words[first - 1].end : read.words[last].start]
    return any(mark in between for mark in ".,;:!?")


def _capitals(read: Text) -> float:
    """Share of longer words all in capitals, from one in five counted as full."""
    longer = [word for word in read.words if word.end - word.start >= 4]
    loud = sum(read.raw[word.start : word.end].isupper() for word in longer)
    return min(1.0, 5 * loud / len(longer)) if longer else 0.0


def _urgency(features: Mapping[str, float]) -> int:
    total = 1.0 + sum(
        weight * min(1.0, features[name] * _ENOUGH if name != "capitals" else features[name])
        for name, weight in _URGENCY_WEIGHTS.items()
    )
    return CAN_WAIT + sum(total >= level for level in _LEVELS)


def _sentiment(counts: Mapping[str, float]) -> int:
    balance = counts["positive"] - counts["negative"]
    return 1 if balance == 0 else 2 if balance > 0 else 0
