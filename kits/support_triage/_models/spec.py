"""What the runtime needs to know of learned models: the part of a bundle's `config` that they are described in.

Shapes and names only; the numbers lie in the bundle's files as plain arrays, see `arrays.py`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kits.support_triage._models.arrays import MAX_CLASSES

View = Literal["none", "last", "layers"]
ENCODER_ROLE = "encoder"
TOKENIZER_FILE = "encoder/tokenizer.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EncoderSpec(_Part):
    """The network in role `encoder`: token numbers in, one vector a text out."""

    max_tokens: int = Field(ge=2, le=512, description="pieces of words that are looked at")
    width: int = Field(ge=1, le=8192, description="numbers of one view of a text")
    views: int = Field(1, ge=1, le=8, description="views in a vector; the last layer's is first")
    name: str = Field("", description="where its weights came from")


class HeadSpec(_Part):
    """How one target (the intent, the urgency, the sentiment) is decided.

    A class's logarithm of probability is the weighted mean of two models': a linear one on the vector and one
    on counted pieces, each scaled; the sum is divided by `temperature`.
    """

    classes: tuple[str, ...] = Field(
        min_length=1, max_length=MAX_CLASSES, description="labels, sorted"
    )
    view: View = Field(description="what of the vector is looked at; `none`: no network")
    ngram_weight: float = Field(ge=0, le=1, description="weight of counted pieces, 0 to 1")
    dense_scale: float = Field(1.0, gt=0, description="factor of the decision on the vector")
    ngram_scale: float = Field(1.0, gt=0, description="factor of the decision on counted pieces")
    temperature: float = Field(1.0, gt=0, description="above 1: less certain than the models")
    several: bool = Field(
        False, description="whether a mail may have several of the labels, or none"
    )
    tone: bool = Field(False, description="whether the tone's columns follow the counted pieces")
    cut: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="probability from which a mail has a label, where several may hold",
    )


class ScopeSpec(_Part):
    """When a mail is about none of the intents."""

    below: float = Field(
        ge=0, le=1, description="value of `scope.value` below which a mail is out of scope"
    )
    names: tuple[str, ...] = Field(min_length=1, description="labels that mean it")


class ClassifierSpec(_Part):
    """All learned parts of a bundle."""

    approach: str = Field(description="`names`, `ngrams` or `encoder`: what decides the intent")
    encoder: EncoderSpec | None = None
    ngrams: bool = Field(True, description="whether counted pieces are in the bundle")
    intent: HeadSpec
    several: HeadSpec | None = Field(
        None, description="which intents hold, each by itself; where some mails have more than one"
    )
    urgency: HeadSpec | None = None
    sentiment: HeadSpec | None = None
    familiar: bool = Field(
        False, description="whether the intents' mean vectors are in the bundle and count"
    )
    scope: ScopeSpec | None = None
    shortcut: float | None = Field(
        None,
        description="confidence of counted pieces from which the network is not asked; None: always asked",
    )
    languages: tuple[str, ...] = Field(
        (),
        description="ISO 639-1 codes of languages that mails are decided in; a mail in another goes to a person;"
        " empty: all",
    )
    machines: tuple[str, ...] | None = Field(
        None,
        description="kinds of machines' mails that people file; one of another kind goes to a person; null: all",
    )
    disputed: tuple[str, ...] = Field(
        (),
        description="digests of texts that people filed under several labels; a mail that says the same goes to a person",
    )
    suggests_only: bool = Field(
        False, description="whether nothing was learned: then every mail is a person's"
    )
