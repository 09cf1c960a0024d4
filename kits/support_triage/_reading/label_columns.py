"""Which columns tell the intent: by name, by repeating themselves, by yes and no for each intent, or as a chosen subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kits.core.column_names import plain
from kits.core.tables import Row
from kits.support_triage._reading.fits import (
    FEW_ROWS,
    YES,
    all_the_same,
    are_few,
    are_flags,
    are_labels,
    are_numbers,
    mean_words,
)
from kits.support_triage._reading.naming import ranked, words_of
from kits.support_triage._reading.role_names import (
    ASKS,
    CODES,
    LABEL_NAMES,
    READS,
    STATES,
    SURE_LABELS,
    WHOLE_LABELS,
    WRITES,
    WRITES_WHOLE,
)

_LABEL_WORDS = 8
_FEWEST_FLAGS, _ALMOST_ALL = 3, 0.9
_FEW_SUBJECTS = 5
"""So many mails of one subject: it was chosen from a list."""


def are_chosen(cells: list[str]) -> bool:
    """Subjects that were chosen from a list, as forms have one."""
    return (
        len(cells) >= FEW_ROWS and _FEW_SUBJECTS * len(set(cells)) <= len(cells) and are_few(cells)
    )


def label_in(free: Mapping[str, list[str]], taken: set[str], nested: Collection[str]) -> str:
    """A column of labels by its name; without one, the only other column that repeats itself.

    One that says the same of many mails is taken where no other tells them apart.
    """
    same = ""
    for name in sorted(
        ranked(free, LABEL_NAMES), key=lambda one: not CODES.isdisjoint(words_of(one))
    ):
        words = words_of(name)
        by_word = words.intersection(LABEL_NAMES) <= WHOLE_LABELS or not STATES.isdisjoint(words)
        if by_word and plain(name) not in LABEL_NAMES:
            continue
        sure = plain(name) in SURE_LABELS and mean_words(free[name]) <= _LABEL_WORDS
        if name in taken or not are_labels(free[name], sure):
            continue
        if not all_the_same(free[name]):
            return name
        same = same or name
    left = [n for n in free if n not in taken and n not in nested and not _is_person(n)]
    others = [n for n in left if are_labels(free[n]) and are_few(free[n])]
    return others[0] if len(others) == 1 else same


def _is_person(name: str) -> bool:
    """Whether a column is called like who asked, wrote or answers, which is no intent."""
    return plain(name) in WRITES_WHOLE or bool(words_of(name) & (WRITES | ASKS | READS))


def flags_in(
    head: Sequence[Row], free: Mapping[str, list[str]], taken: Collection[str]
) -> tuple[str, ...]:
    """Columns of yes and no, of which nearly every mail has one, most no second: each is an intent."""
    flags = tuple(name for name, cells in free.items() if name not in taken and are_flags(cells))
    counts = [sum(row.get(name, "").strip().lower() in YES for name in flags) for row in head]
    enough = sum(map(bool, counts)) >= _ALMOST_ALL * len(counts)
    return (
        flags
        if len(flags) >= _FEWEST_FLAGS and enough and 2 * counts.count(1) >= len(counts)
        else ()
    )


def label_in_words(
    label: str, head: Sequence[Row], free: Mapping[str, list[str]], taken: set[str]
) -> str:
    """The column that says in words what numbers of the label mean (`label`, `label_text`); the label where there is none."""
    if not are_numbers(free[label]):
        return label
    for name in free:
        if name == label or name in taken or are_numbers(free[name]) or not are_few(free[name]):
            continue
        pairs = {(row.get(label, "").strip(), row.get(name, "").strip()) for row in head}
        if len(pairs) == len({number for number, _ in pairs}) == len({word for _, word in pairs}):
            return name
    return label
