"""What a firm says of its entities (`EntitiesConfig`) and what a bundle carries of them (`EntitiesSpec`): checked JSON.

Kinds, patterns, products and what was learned are data; nothing here looks at a text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from kits.core.errors import did_you_mean
from kits.support_triage._entities.checksums import SCHEMES
from kits.support_triage._entities.kinds import KINDS
from kits.support_triage._entities.safe_pattern import compile_safely

MAX_PRODUCTS = 200_000
KindName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$", min_length=1, max_length=40)
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _known_scheme(name: str) -> str:
    if name and name not in SCHEMES:
        raise ValueError(f"unknown checksum {name!r}: {did_you_mean(name, SCHEMES)}")
    return name


def _safe_pattern(pattern: str) -> str:
    compile_safely(pattern)
    return pattern


SafePattern = Annotated[str, AfterValidator(_safe_pattern)]
Scheme = Annotated[str, AfterValidator(_known_scheme)]


class PatternSpec(_Section):
    """One of the firm's own numbers."""

    pattern: SafePattern = Field(
        description="what the number looks like, as `SO-\\d{6}`; a bounded part of regular expressions"
    )
    checksum: Scheme = Field(
        "", description="scheme of its check digits (`luhn`, `mod97-10`, …); empty: none"
    )
    ignore_case: bool = Field(False, description="whether `so-123456` is one too")
    personal: bool = Field(True, description="replaced before a text leaves the process")


class ProductSpec(_Section):
    """One line of the catalogue."""

    sku: str = Field("", max_length=80, description="the firm's number of it; empty: its name")
    names: tuple[str, ...] = Field(description="name and synonyms, as customers write them")


class EntitiesConfig(_Section):
    """The `entities` part of a project's model section."""

    kinds: tuple[str, ...] = Field(
        tuple(KINDS), description="common kinds to look for; empty: only the firm's own"
    )
    patterns: dict[KindName, PatternSpec] = Field(
        default_factory=dict, description="the firm's own numbers by kind; replaces a common kind"
    )
    catalogue: str = Field(
        "",
        description="a file of products beside the project: CSV with name, synonyms, sku, or one name a line",
    )
    day_first: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="how 03/04/2026 is read: auto by the mail's language, and told as unsure",
    )
    learn: bool = Field(True, description="learn kinds from marked examples, where there are any")
    not_personal: tuple[str, ...] = Field(
        (),
        description="learned kinds that may leave the process; all others are replaced before a text does",
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in KINDS:
                raise ValueError(f"unknown kind {name!r}: {did_you_mean(name, KINDS)}")
        return value


class LearnedPattern(_Section):
    """A look of values that examples had in common."""

    kind: str = Field(description="the kind it belongs to")
    pattern: SafePattern = Field(description="in the same safe part of regular expressions")
    checksum: Scheme = Field("", description="scheme that all examples passed; empty: none")
    precision: float = Field(
        ge=0, le=1, description="share of its matches in the examples that were marked"
    )


class LearnedWords(_Section):
    """A closed class of values (account types, tariffs)."""

    kind: str = Field(description="the kind the words belong to")
    words: tuple[str, ...] = Field(description="the values, in lower case")
    precision: float = Field(ge=0, le=1, description="share of their occurrences that were marked")


class TaggerSpec(_Section):
    """A linear-chain model over tokens, as numbers in base64 (little-endian)."""

    kinds: tuple[str, ...] = Field(description="kinds it marks")
    edges: tuple[str, ...] = Field(
        description="per kind, the marks that its values began or ended with; others are cut off"
    )
    features: str = Field(description="CRC-32 of each feature, uint32, sorted")
    weights: str = Field(description="int8, one row a feature, one column a tag")
    scale: float = Field(gt=0, description="what a weight of 1 stands for")
    transitions: tuple[tuple[float, ...], ...] = Field(description="from tag (row) to tag (column)")


class EntitiesSpec(_Section):
    """All that an extractor needs; goes into the bundle's config."""

    kinds: tuple[str, ...] = Field(tuple(KINDS), description="common kinds to look for")
    day_first: Literal["auto", "yes", "no"] = Field("auto", description="see EntitiesConfig")
    patterns: dict[str, PatternSpec] = Field(
        default_factory=dict, description="the firm's own numbers by kind"
    )
    not_personal: tuple[str, ...] = Field((), description="see EntitiesConfig")
    products: tuple[ProductSpec, ...] = Field(
        (), max_length=MAX_PRODUCTS, description="the firm's catalogue"
    )
    learned_patterns: tuple[LearnedPattern, ...] = Field((), description="looks found in examples")
    learned_words: tuple[LearnedWords, ...] = Field((), description="closed classes in examples")
    tagger: TaggerSpec | None = Field(None, description="the model over tokens, if one was learned")
