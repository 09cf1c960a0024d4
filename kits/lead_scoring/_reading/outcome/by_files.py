"""What became of a lead, said by where it lies: a sheet `Won` beside a sheet `Lost`, a file for each.

Only where no column tells; a file's name is nobody's cell, so it must say both. An archive of which each lead has a reason for having
been lost says so without being called so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from kits.core.spreadsheets.naming import file_and_sheet
from kits.lead_scoring._reading.columns.names import by_rank, words_of
from kits.lead_scoring._reading.outcome.cells import Cells, cells_by_words, says_open
from kits.lead_scoring._reading.outcome.found import AGREE, Outcome, outcome_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing


def by_files(sheet: Sheet) -> Outcome | None:
    """What became of the leads; None where files or sheets do not say who was won and who was lost."""
    words = {file: _word(file) for file in dict.fromkeys(sheet.files)}
    if len(words) < 2:
        return None
    chosen = _ends(words.values())
    reasons = _with_reasons(
        sheet, {file for file, word in words.items() if not _told(word, chosen)}
    )
    lost = {file: f"{words[file]}, all with {column}" for file, column in reasons.items()}
    chosen = Cells(chosen.won, chosen.lost | frozenset(lost.values()))
    if not (chosen.won and chosen.lost):
        return None
    says = {**words, **lost}
    cells = [says[file] for file in sheet.files]
    found = outcome_of("the names of files and sheets", cells, chosen)
    return Outcome(tuple(dict.fromkeys(reasons.values())), found.won, found.said)


def say_both_ends(sheets: Sequence[Sheet]) -> bool:
    """Whether the names of files or sheets say of one that its leads were won, and of another that they were lost; where no name
    says lost, that is said by a reason why which all leads of one have."""
    files = dict.fromkeys(file for sheet in sheets for file in sheet.files)
    chosen = _ends(map(_word, files))
    if chosen.won and chosen.lost:
        return True
    rest = {file for file in files if not _told(_word(file), chosen)}
    return bool(chosen.won) and any(_with_reasons(sheet, rest) for sheet in sheets)


def _ends(words: Iterable[str]) -> Cells:
    found = cells_by_words(Counter(words), named=False)
    return found if found is not None else Cells(frozenset(), frozenset())


def _told(word: str, chosen: Cells) -> bool:
    return word in chosen.won | chosen.lost or any(map(says_open, words_of(word).split()))


def _with_reasons(sheet: Sheet, files: Collection[str]) -> dict[str, str]:
    """Files whose leads nearly all have a reason for having been lost, with the column that tells it."""
    found: dict[str, str] = {}
    for name in by_rank(sheet.columns, "lost_reason"):
        rows, given = Counter[str](), Counter[str]()
        for file, cell in zip(sheet.files, sheet.cells[name]):
            rows[file] += 1
            given[file] += not is_missing(cell)
        for file in files:
            if rows[file] and given[file] >= AGREE * rows[file]:
                found.setdefault(file, name)
    return found


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
