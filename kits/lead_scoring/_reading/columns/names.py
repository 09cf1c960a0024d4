"""What names of columns mean, by the lists of words beside this file.

A name is only compared here; what becomes of its column is decided by `roles.py` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

from kits.core.column_names import plain, squeezed

_WORDS = Path(__file__).parent / "words"
_REMEMBERED = 1 << 16
_ANSWERS = (
    "_yes_no", "_y_n", "_ja_nein", "_j_n", "_ja_nee", "_oui_non", "_o_n", "_si_no", "_s_n", "_sim_nao", "_tak_nie", "_t_n", "_ano_ne", "_ja_nej",
    "_true_false", "_1_0", "_0_1",
)  # fmt: skip
"""What people write behind a column's name of the cells that it may have."""


@lru_cache(_REMEMBERED)
def words_of(value: str) -> str:
    """A cell's words: `Closed - Won` and `closed_won` are `closed won`; `Gagné` is `gagne`; a number stays one."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return plain(value.lower()).replace("_", " ")


def without_table(column: str) -> str:
    """What a column is called without the table that it was joined from (`companies.Name`); the point of `Kunden-Nr.` is none."""
    return column.rstrip(". ").rpartition(".")[2] or column


@cache
def load_words(file: str) -> Mapping[str, object]:
    """A YAML file of `words/`."""
    from kits.core.settings import load_yaml

    return cast("Mapping[str, object]", load_yaml((_WORDS / file).read_text(encoding="utf-8")))


@cache
def names_for(meaning: str) -> tuple[str, ...]:
    """Names of columns with a meaning, most telling first, as `squeezed` gives them."""
    listed = cast("Mapping[str, list[str]]", load_words("names.yaml"))[meaning]
    return tuple(dict.fromkeys(squeezed(str(name)) for name in listed))


@cache
def phrases_for(meaning: str) -> tuple[str, ...]:
    """Words within longer names of columns that have a meaning, as `plain` gives them."""
    listed = cast("Mapping[str, list[str]]", load_words("names.yaml"))[meaning]
    return tuple(dict.fromkeys(plain(str(phrase)) for phrase in listed))


def speaks_of(name: str, meaning: str) -> bool:
    """Whether a name, or some words of it, have a meaning: `Date of birth (contact)`."""
    words = f"_{plain(name)}_"
    return any(f"_{phrase}_" in words for phrase in phrases_for(meaning))


def rank(name: str, meaning: str) -> int | None:
    """How telling a column's name is for a meaning, 0 the most; None: it does not mean that."""
    names = names_for(meaning)
    word = squeezed(name)
    return names.index(word) if word in names else None


def by_rank(columns: Iterable[str], meaning: str) -> list[str]:
    """The columns whose names have a meaning, most telling first."""
    ranked = [(rank(name, meaning), name) for name in columns]
    return [name for place, name in sorted((p, n) for p, n in ranked if p is not None)]


def outcome_rank(name: str) -> int | None:
    """How telling a name is for an outcome, also before words that say of its cells that they are yes and no (`SALE_IND`, `Auftrag
    (ja/nein)`)."""
    place = rank(name, "outcome")
    word = plain(name)
    if place is not None:
        return place
    if answers := next((end for end in _ANSWERS if word.endswith(end)), ""):
        return rank(word.removesuffix(answers), "outcome")
    rest, _, last = word.rpartition("_")
    return rank(rest, "outcome") if rest and last in names_for("flag_words") else None
