"""What values of a kind have in common: their look as a pattern, their check digits, and whether they are a closed class.

Looks at marked values only; whether a look is good enough to be used is measured in `learning`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from kits.support_triage._entities import checksums

_LENGTHS_SIDE_BY_SIDE = 4
LEAST_VALUES = 3
LEAST_CHECKED = 6
"""Different values that must pass a check: by chance one in ten does, so one in a million of these."""
MAX_CLASS = 60


def runs(value: str) -> list[tuple[str, str]]:
    """`SO-12` → (`A`, `SO`), (`-`, `-`), (`0`, `12`): runs of capitals, small letters, digits; marks as they are."""

    def kind(char: str) -> str:
        if not char.isascii():
            return "?"
        if char.isdigit():
            return "0"
        return ("A" if char.isupper() else "a") if char.isalpha() else char

    return [(key, "".join(part)) for key, part in groupby(value, kind)]


def code_like(values: Sequence[str]) -> bool:
    """Whether the values are numbers of some sort: ASCII, a digit in each, no spaces."""
    return all(
        value.isascii() and any(c.isdigit() for c in value) and not any(c.isspace() for c in value)
        for value in values
    )


def telling(values: Sequence[str]) -> bool:
    """Whether the look alone can tell: seven digits, or a mark or letters beside four characters."""
    return all(len(value) >= 7 or (len(value) >= 5 and not value.isdigit()) for value in values)


def patterns_of(values: Sequence[str]) -> list[str]:
    """Patterns, one for each sequence of runs, that match every one of `values`.

    Lengths of digits are those that occurred, filled up where they lie side by side: a pattern is no wider than it must
    be. Letters that never change stay as they are.
    """
    by_form: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for value in sorted(set(values)):
        parts = runs(value)
        by_form[tuple(kind for kind, _ in parts)].append([text for _, text in parts])
    return [_pattern(form, rows) for form, rows in sorted(by_form.items()) if "?" not in form]


def _pattern(form: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if len(form) == 1:
        return "|".join(f"{_CLASSES[form[0]]}{_span(r)}" for r in _lengths(rows, 0))
    pieces = []
    for place, kind in enumerate(form):
        texts = {row[place] for row in rows}
        if kind not in _CLASSES:
            pieces.append("".join("\\" + c if c in _SPECIAL else c for c in next(iter(texts))))
        elif len(texts) == 1 and kind != "0":
            pieces.append(next(iter(texts)))
        else:
            lengths = [len(text) for text in texts]
            pieces.append(_CLASSES[kind] + _span((min(lengths), max(lengths))))
    return "".join(pieces)


_CLASSES = {"0": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
_SPECIAL = set(".^$*+?{}[]\\|()")


def _lengths(rows: Sequence[Sequence[str]], place: int) -> list[tuple[int, int]]:
    """Lengths that occur, as ranges: those next to each other together."""
    spans: list[tuple[int, int]] = []
    for length in sorted({len(row[place]) for row in rows}):
        if spans and length - spans[-1][1] <= 1 and length - spans[-1][0] < _LENGTHS_SIDE_BY_SIDE:
            spans[-1] = (spans[-1][0], length)
        else:
            spans.append((length, length))
    return spans


def _span(lengths: tuple[int, int]) -> str:
    return f"{{{lengths[0]}}}" if lengths[0] == lengths[1] else f"{{{lengths[0]},{lengths[1]}}}"


def checksum_of(values: Sequence[str]) -> str:
    """The scheme whose check every different value passes; empty when there is none, or too few values to tell."""
    numbers = sorted({checksums.compact(value) for value in values})
    if len(numbers) < LEAST_CHECKED:
        return ""
    fitting = (
        scheme
        for scheme in checksums.SCHEMES
        if all(checksums.passes(scheme, number) for number in numbers)
    )
    return next(fitting, "")


def closed_class(values: Sequence[str]) -> tuple[str, ...]:
    """The different values in lower case, if they are few words that come again and again; else empty."""
    words = [value.lower() for value in values]
    different = sorted(set(words))
    few = len(different) <= MAX_CLASS and len(words) >= 5 * len(different)
    wordy = all(
        w and any(c.isalpha() for c in w) and not any(c.isdigit() for c in w) for w in different
    )
    return tuple(different) if few and wordy else ()
