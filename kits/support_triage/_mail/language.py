"""Which language a text is in: one of a set, or none when the text is too short to tell.

By the character-sequence model of py3langid (Lui and Baldwin 2012), on a bounded piece of the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LANGUAGES = (
    *(
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "pl",
        "sv",
        "da",
        "nb",
        "fi",
        "cs",
        "sk",
        "hu",
        "ro",
    ),
    *("tr", "ru", "uk", "bg", "el", "ja", "zh", "ko", "ar", "he", "hr", "sl", "et", "lv", "lt"),
)
"""What is looked for; a larger set confuses short texts."""
MAX_CHARS = 500
"""Characters that are looked at: more tell nothing new, see `docs/benchmarks.md`."""
MIN_LETTERS = 12
"""Letters a text must have; fewer where each stands for a syllable or a word."""
MIN_CONFIDENCE = 0.6
_LEAST_LIKELY = 0.03
"""Of 9,500 English texts of five sets one is less likely English than this, and that one is gibberish."""
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
# scripts without spaces put numbers and links among their words: a piece of noise ends where they begin
_SPACED = r"[^\s\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef]"
_NOISE = re.compile(
    rf"{_SPACED}{{0,100}}@{_SPACED}{{1,100}}|https?://{_SPACED}{{1,300}}|{_SPACED}{{0,40}}\d{_SPACED}{{0,40}}|"
    r"[A-Z]{3,20}(?![a-z])"
)
_LETTER = re.compile(r"[^\W\d_]")


@cache
def _identifier() -> LanguageIdentifier:
    # loading takes half a second: only a program that reads mails pays for it
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    every = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    wanted = [_model_code(code) for code in LANGUAGES]
    every.set_languages([code for code in wanted if code in set(every.labels)])
    # made anew, because the first keeps the 20 MB of the languages that are not asked for
    return LanguageIdentifier(
        every.nb_ptc,
        every.nb_pc,
        every.nb_classes,
        every.tk_nextmove,
        every.tk_output,
        norm_probs=True,
        tk_row=every.tk_row,
    )


def _model_code(code: str) -> str:
    return "no" if code == "nb" else code


def language_of(text: str) -> str:
    """ISO 639-1 code of the language of `text`; empty when it is too short or too unclear."""
    words = _spoken(text)
    if not words:
        return ""
    code, confidence = _identifier().classify(words)
    if confidence < MIN_CONFIDENCE:
        return ""
    return "nb" if code == "no" else str(code)


def is_in_none_of(text: str, languages: Collection[str]) -> bool:
    """Whether the text is surely in none of the languages, also where its own is not one of `LANGUAGES`.

    So it is with Catalan: half Spanish, half French to the model, but not English.
    """
    words = _spoken(text)
    if not words:
        return False
    wanted = {_model_code(code) for code in languages}
    likely = sum(float(share) for code, share in _identifier().rank(words) if code in wanted)
    return likely < _LEAST_LIKELY


def _spoken(text: str) -> str:
    """The bounded piece that is looked at; empty when there are too few letters to tell."""
    # numbers, addresses and links speak no language; all-capital words are names and codes
    words = _NOISE.sub(" ", text[:MAX_CHARS])
    letters = len(_LETTER.findall(words)) + 4 * len(_DENSE.findall(words))
    return words if letters >= MIN_LETTERS else ""
