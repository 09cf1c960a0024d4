"""What became of a lead, said by where it lies: a sheet `Won` beside a sheet `Lost`, a file for each.

Only where no column tells; a file's name is nobody's cell, so it must say both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from kits.core.spreadsheets.naming import file_and_sheet
from kits.lead_scoring._reading.names import words_of
from kits.lead_scoring._reading.outcome import Outcome, outcome_of
from kits.lead_scoring._reading.outcome_cells import cells_by_words, says_open
from kits.lead_scoring._reading.sheets import Sheet


def by_files(sheet: Sheet) -> Outcome | None:
    """What became of the leads; None where files or sheets do not say who was won and who was lost."""
    says = {file: _word(file) for file in dict.fromkeys(sheet.files)}
    if len(says) < 2:
        return None
    cells = [says[file] for file in sheet.files]
    chosen = cells_by_words(Counter(cells), named=False)
    if chosen is None or not (chosen.won and chosen.lost):
        return None
    found = outcome_of("the names of files and sheets", cells, chosen)
    return Outcome((), found.won, found.said)


def say_both_ends(files: Iterable[str]) -> bool:
    """Whether the names of files or sheets say of one that its leads were won, and of another that they were lost."""
    chosen = cells_by_words(Counter(map(_word, files)), named=False)
    return chosen is not None and bool(chosen.won) and bool(chosen.lost)


def without_ends(words: Sequence[str]) -> list[str]:
    """Words of a name but for those that say that leads were won, that they were lost, or that they are open."""
    found = cells_by_words(Counter(words), named=False)
    ends = found.won | found.lost if found is not None else frozenset[str]()
    return [word for word in words if word not in ends and not says_open(word)]


def _word(where: str) -> str:
    """The word of a file's or sheet's name that says what became of its leads, else the name."""
    file, sheet = file_and_sheet(where)
    name = sheet or str(PurePosixPath(file).with_suffix(""))
    words = words_of(name).split()
    found = cells_by_words(Counter(words), named=False)
    said = [word for word in words if found and word in found.won | found.lost]
    return said[0] if len(said) == 1 else name
