"""The words of reasons: a language's, the firm's own over them, and a column's name made readable where neither has one.

It reads YAML, so it is the training side's; what comes of it travels in the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import Field, field_validator

from kits.core.errors import ConfigError, did_you_mean
from kits.core.section import Section
from kits.lead_scoring._features.week import WEEK
from kits.lead_scoring._models.season import SEASON
from kits.lead_scoring._models.still_open import STILL_OPEN
from kits.lead_scoring._reasons.naming import (
    LABEL,
    figure_of,
    placed,
    readable,
    title_of,
    without_table,
)
from kits.lead_scoring._reasons.situation import slots_in
from kits.lead_scoring._reasons.spec import Wording
from kits.lead_scoring._stand_ins import AREA, DISTRICT, GIVEN, source_of
from kits.lead_scoring.config import Config

PHRASES = Path(__file__).parents[1] / "_reasons" / "phrases"
MOST_BYTES = 1 << 20
_NOT_ALNUM = re.compile(r"[^0-9a-z]+")
_CAPITAL_NOUNS = frozenset({"de"})
SITUATIONS = {
    "value": {"label", "value"}, "named": {"label", "value"}, "yes": {"label", "value"}, "no": {"label", "value"},
    "over": {"label", "low"}, "up_to": {"label", "high"}, "between": {"label", "low", "high"},
    "days_over": {"label", "low"}, "days_up_to": {"label", "high"}, "days_between": {"label", "low", "high"},
    "days_same": {"label"}, "ahead_over": {"label", "low"}, "ahead_up_to": {"label", "high"}, "ahead_between": {"label", "low", "high"},
    "one_of": {"label", "value"}, "area": {"label", "value"}, "given": {"label"}, "missing": {"label"}, "new": {"label", "value"}, "rare": {"label", "value"},
    "hint": {"label", "value"}, "season": {"label", "low", "high"}, "came_day": {"label", "value"},
    "came_working": {"label", "low", "high"}, "came_weekend": {"label", "low", "high"}, "open_day": {"label"},
    "open_days": {"label", "value"},
}  # fmt: skip
"""What a reason may be about, and what its words may name."""
_TOLD = {
    GIVEN: {"yes": "given", "no": "missing"},
    AREA: {"value": "area"},
    DISTRICT: {"value": "area"},
}
"""Of what was made of another column: situation → the one whose words are taken."""


class ColumnWords(Section):
    """How the firm speaks of one column."""

    label: str = Field("", max_length=LABEL, description="the column's name for people")
    values: dict[str, str] = Field(default_factory=dict, description="choices by other names")
    templates: dict[str, str] = Field(
        default_factory=dict, description="situation → its words, with {label}, {value}, {low}, {high}"
    )  # fmt: skip
    unit: str = Field("", max_length=20, description="word after its numbers")
    divide_by: float = Field(1.0, gt=0, description="numbers are divided by this when shown")
    actionable: bool = Field(False, description="the team can change it, or ask for it")

    @field_validator("values", mode="before")
    @classmethod
    def _spelt_out(cls, value: object) -> object:
        # YAML reads a bare yes as true
        spelling = {True: "yes", False: "no"}
        if not isinstance(value, dict):
            return value
        return {
            spelling[key] if isinstance(key, bool) else str(key): text
            for key, text in value.items()
        }


class FirmWords(Section):
    """The firm's own file, `model.phrases`."""

    columns: dict[str, ColumnWords] = Field(
        default_factory=dict, description="column → how it is spoken of"
    )


@dataclass(frozen=True)
class Words:
    """A language with the firm's words over it.

    Attributes:
        counted: figure of another table's rows → how it is called, with {table} and {column}.
        nouns: it writes them with a capital.
    """

    wording: Wording
    known: dict[str, str] = field(default_factory=dict)
    counted: dict[str, str] = field(default_factory=dict)
    own: dict[str, ColumnWords] = field(default_factory=dict)
    nouns: bool = False

    def of(self, name: str, columns: Collection[str]) -> ColumnWords:
        """How a column is spoken of among others; always with a label."""
        said = self.own.get(name) or ColumnWords()
        if told := _TOLD.get(name.removeprefix(source_of(name))):
            own = {now: self.wording.subjects[then] for now, then in told.items()}
            said = said.model_copy(update={"templates": {**own, **said.templates}})
            name = source_of(name)
        if said.label:
            return said
        label = self._known(name)
        if not label:
            title, place = title_of(without_table(name, columns), columns)
            label = self._known(title) or self._figure(title) or readable(title, nouns=self.nouns)
            label = placed(label, place)
        return said.model_copy(update={"label": label})

    def _figure(self, name: str) -> str:
        which, table, column = figure_of(name)
        words = self.counted.get(which, "")
        return words.format(table=table, column=self._known(column) or column)[:LABEL]

    def _known(self, name: str) -> str:
        return self.known.get(_NOT_ALNUM.sub("", name.casefold()), "")


def languages() -> tuple[str, ...]:
    """Languages the kit has words in."""
    return tuple(sorted(path.stem for path in PHRASES.glob("*.yaml")))


def words_of(config: Config) -> Words:
    """The words a project's settings ask for.

    Raises:
        ConfigError: as `load_words`.
    """
    return load_words(config.language, Path(config.phrases) if config.phrases else None)


def load_words(language: str, firm: Path | None) -> Words:
    """The words of a language, with the firm's own over them.

    Raises:
        ConfigError: no such language, or the firm's file is absent or wrong.
    """
    if language not in languages():
        raise ConfigError(
            f"reasons have no words in {language!r}",
            where="model.language",
            fix=did_you_mean(language, languages()) or f"one of {', '.join(languages())}",
        )
    wording, known, counted = _language(language)
    own = {} if firm is None else _firm(firm).columns
    return Words(wording, dict(known), dict(counted), own, language in _CAPITAL_NOUNS)


def unheeded(words: Words, columns: Collection[str]) -> tuple[str, ...]:
    """Sentences about columns that the firm speaks of and no lead has."""
    return tuple(
        f"model.phrases speaks of {name!r}, which no lead has"
        + "".join(f": did you mean {near!r}?" for near in get_close_matches(name, columns, n=1))
        for name in words.own
        if name not in columns and name not in (SEASON, WEEK, STILL_OPEN)
    )


@cache
def _language(language: str) -> tuple[Wording, dict[str, str], dict[str, str]]:
    from kits.core.settings import load_yaml

    found = load_yaml((PHRASES / f"{language}.yaml").read_text(encoding="utf-8"))
    known, counted = found.pop("columns"), found.pop("counted")
    return Wording.model_validate(found), known, counted


def _firm(path: Path) -> FirmWords:
    from kits.core.settings import parse_settings

    where = str(path)
    fix = "docs/how-to/words-of-reasons.md says what it holds; or leave model.phrases out"
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError("the file of phrases cannot be read", where=where, fix=fix) from error
    if len(content) > MOST_BYTES:
        raise ConfigError(
            f"a file of phrases has at most {MOST_BYTES >> 20} MiB",
            where=where,
            fix="leave out columns whose own words will do",
        )
    try:
        found = parse_settings(content.decode("utf-8"), FirmWords, where=where)
    except (UnicodeDecodeError, RecursionError):
        raise ConfigError("the file of phrases is no YAML in UTF-8", where=where, fix=fix) from None
    for name, column in found.columns.items():
        _refuse_templates(column, f"{where}: columns.{name}.templates")
    return found


def _refuse_templates(column: ColumnWords, where: str) -> None:
    for situation, template in column.templates.items():
        if situation not in SITUATIONS:
            raise ConfigError(
                f"there is no situation {situation!r}",
                where=where,
                fix=did_you_mean(situation, SITUATIONS) or f"one of {', '.join(SITUATIONS)}",
            )
        if odd := slots_in(template) - SITUATIONS[situation]:
            raise ConfigError(
                f"{situation} cannot name {{{sorted(odd)[0]}}}",
                where=where,
                fix=f"it knows {', '.join(sorted(SITUATIONS[situation]))}",
            )
