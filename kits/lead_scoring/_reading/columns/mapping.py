"""CRMs' names of columns as data: which CRM an export comes from, and what its columns mean.

The tables lie in `mappings/`. They say what a vendor defines; whether a column tells the outcome in these data is the
court's question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from kits.core.column_names import squeezed
from kits.core.section import Section
from kits.lead_scoring._reading.columns.names import load_words, words_of

_FOLDER = Path(__file__).parent / "mappings"
_ENOUGH = 3
"""So many names of one CRM say that it is this one; fewer are a chance."""
Tier = Literal["sure", "converted", "qualified", "flags"]


class OutcomeRule(Section):
    """One way in which rows tell what became of them; the first rule that knows decides."""

    columns: tuple[str, ...] = Field(description="names of the column; the first that is there")
    won: tuple[str, ...] = Field((), description="cells that mean won")
    lost: tuple[str, ...] = Field((), description="cells that mean lost")
    words: tuple[Tier, ...] = Field((), description="lists of known words that count too")
    won_if_filled: bool = Field(False, description="any entry means won")
    lost_if_filled: bool = Field(False, description="any entry means lost")


class CrmObject(Section):
    """What the columns of one kind of record mean."""

    prefixes: tuple[str, ...] = Field((), description="what exports put before each of its names")
    detect: tuple[str, ...] = Field(description="names that tell this CRM from others")
    detect_ends: tuple[str, ...] = Field((), description="the same, by how names end")
    others: tuple[str, ...] = Field((), description="names that only other records have")
    id: tuple[str, ...] = Field((), description="the record's identifier")
    decided_at: tuple[str, ...] = Field((), description="when the lead came")
    outcome_at: tuple[str, ...] = Field((), description="when it was decided; the first filled one")
    changed_at: tuple[str, ...] = Field((), description="when the record was changed last")
    outcome: tuple[OutcomeRule, ...] = Field((), description="how it tells the outcome")
    opt_out: tuple[str, ...] = Field((), description="the person does not want to be written to")
    later: tuple[str, ...] = Field((), description="filled in after the decision, by definition")
    later_starts: tuple[str, ...] = Field((), description="the same, by how names begin")


class CrmTable(Section):
    """One file of `mappings/`."""

    title: str = Field(description="the CRM's name")
    prefixes: tuple[str, ...] = Field((), description="the same, before names of every record")
    objects: dict[str, CrmObject] = Field(description="by the CRM's name of the record")


@dataclass(frozen=True)
class Mapping:
    """One CRM's names for one kind of record.

    Attributes:
        prefixes: what exports put before its names.
        beside: the CRM's other kinds of records, whose columns an export may have, too (`Organization - Won deals`).
    """

    title: str
    object: str
    names: CrmObject
    prefixes: tuple[str, ...] = ()
    beside: tuple[Mapping, ...] = ()

    def find(self, wanted: Sequence[str], columns: Sequence[str]) -> list[str]:
        """The columns with one of the names, in the order of the names."""
        whole = {squeezed(column): column for column in reversed(columns)}
        known = whole | {self._bare(column): column for column in reversed(columns)}
        found = [known[word] for name in wanted if (word := squeezed(name)) in known]
        return list(dict.fromkeys(found))

    def later(self, columns: Sequence[str]) -> list[str]:
        """The columns that the vendor fills in after the decision, those of other records among them, with when they changed."""
        others = [name for one in self.beside for name in one._of_today(columns)]
        named = self.find(self.names.later, columns)
        starts = tuple(squeezed(start) for start in self.names.later_starts)
        begun = [c for c in columns if starts and self._bare(c).startswith(starts)]
        return list(dict.fromkeys([*named, *begun, *others]))

    def _of_today(self, columns: Sequence[str]) -> list[str]:
        """The same where this record's columns stand beside those of another."""
        own = self.begun(columns)
        return [*self.later(own), *self.find(self.names.changed_at, own)]

    def begun(self, columns: Sequence[str]) -> list[str]:
        """The columns that have what an export puts before each name."""
        return [column for column in columns if column.startswith(self.prefixes)]

    def times(self, columns: Sequence[str]) -> list[str]:
        """The columns that say when the lead came, was decided or changed."""
        names = self.names
        return self.find((*names.decided_at, *names.outcome_at, *names.changed_at), columns)

    def met(self, columns: Sequence[str]) -> int:
        """How many of the telling names are there; none where a column belongs to another kind of record."""
        if self.find(self.names.others, columns):
            return 0
        begun = self.begun(self.names.detect)
        others = [one for one in self.names.detect if one not in begun]
        # `Deal - Owner` is Pipedrive's, `Deal Owner` anybody's
        own = set(self.begun(self.find(begun, columns)))
        ended = [column for column in columns if column.endswith(self.names.detect_ends)]
        return len(own.union(self.find(others, columns), ended))

    def shown(self, column: str) -> str:
        """The name as the CRM's own pages have it, without what an export puts before it."""
        start = next((p for p in self.prefixes if column.startswith(p)), "")
        return column[len(start) :]

    def _bare(self, column: str) -> str:
        return squeezed(self.shown(column))


@cache
def load_mappings(name: str) -> tuple[Mapping, ...]:
    """The mappings of one CRM."""
    from kits.core.settings import load_yaml

    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    table = CrmTable.model_validate(load_yaml(text))
    alone = [
        Mapping(table.title, kind, names, (*table.prefixes, *names.prefixes))
        for kind, names in table.objects.items()
    ]
    return tuple(
        replace(one, beside=tuple(o for o in alone if o.names.prefixes and o is not one))
        for one in alone
    )


def known_mappings() -> tuple[str, ...]:
    """The CRMs that have a table."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def find_mapping(columns: Sequence[str], wanted: str, least: int = 0) -> Mapping | None:
    """Whose names the columns have.

    Args:
        wanted: a CRM's name, `auto`, or `none`.
        least: telling names that must be there; 0: three, of a CRM that is named one.
    """
    if wanted == "none":
        return None
    crms = known_mappings() if wanted == "auto" else (wanted,)
    ranked = sorted(
        ((one.met(columns), one) for crm in crms for one in load_mappings(crm)),
        key=lambda pair: -pair[0],
    )
    met, best = ranked[0]
    return best if met >= (least or (_ENOUGH if wanted == "auto" else 1)) else None


@cache
def tier_words(tier: str) -> tuple[frozenset[str], frozenset[str]]:
    """Known words for won and lost, of one kind."""
    both = load_words("outcomes.yaml")[tier]
    assert isinstance(both, dict)
    won, lost = (frozenset(words_of(str(word)) for word in both[side]) for side in ("won", "lost"))
    return won, lost
