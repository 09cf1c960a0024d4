"""The learned models of a bundle together: texts → what each is about, how urgent, how angry, and why.

Counted pieces come first; where they are certain enough the network is not asked (the short cut). Whether that
is certain enough to act on is the operating point's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.bundle import Bundle
from kits.core.errors import BundleError
from kits.core.runtime import SessionFactory
from kits.support_triage._features.ngrams import Block, Indices, Ngrams
from kits.support_triage._models import arrays
from kits.support_triage._models.encoder import Encoder
from kits.support_triage._models.heads import Head, read_head
from kits.support_triage._models.scope import likeness, read_means
from kits.support_triage._models.spec import (
    ENCODER_ROLE,
    TOKENIZER_FILE,
    ClassifierSpec,
    HeadSpec,
)
from kits.support_triage._models.tone_columns import COLUMNS, tone_columns
from kits.support_triage._models.words import telling_words

Floats = NDArray[np.float32]
INTENT, SEVERAL, URGENCY, SENTIMENT = "intent", "several", "urgency", "sentiment"


@dataclass(frozen=True)
class Verdicts:
    """What the models say of one text.

    Attributes:
        probabilities: by target, shape (classes,) each.
        likeness: cosine with the mean of the likely intent's mails; None where nobody asked.
        stages: models that were asked, in order.
    """

    probabilities: Mapping[str, Floats]
    likeness: float | None
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Classifier:
    """Learned models, ready to decide.

    Attributes:
        ngrams: known pieces; None: none are counted.
        encoder: the network; None: there is none.
        heads: by target.
        means: of the intents' mails, shape (classes, width); None where they do not count.
    """

    spec: ClassifierSpec
    ngrams: Ngrams | None
    encoder: Encoder | None
    heads: Mapping[str, Head]
    means: Floats | None = None

    def judge(self, texts: Sequence[str]) -> list[Verdicts]:
        """What the models say of each text."""
        rows = [self._row(text) for text in texts]
        pieces = [self._on_pieces(row, text) for row, text in zip(rows, texts, strict=True)]
        asked = [n for n in range(len(texts)) if self._asks_network(pieces[n])]
        vectors: dict[int, Floats] = {}
        if self.encoder is not None and asked:
            found = self.encoder.embed([texts[n] for n in asked])
            vectors = dict(zip(asked, found, strict=True))
        return [self._verdicts(pieces[n], vectors.get(n)) for n in range(len(texts))]

    def words_for(self, text: str, label: str) -> tuple[tuple[str, float], ...]:
        """Words of a text that spoke for an intent, the strongest first, with their weights."""
        head = self.heads[INTENT]
        if self.ngrams is None or head.sparse is None or label not in head.spec.classes:
            return ()
        weights = head.sparse[: len(self.ngrams.words.known)]
        return telling_words(text, self.ngrams.words, weights, head.spec.classes.index(label))

    def _row(self, text: str) -> tuple[Indices, Floats] | None:
        return None if self.ngrams is None else self.ngrams.row(text)

    def _on_pieces(self, row: tuple[Indices, Floats] | None, text: str) -> dict[str, Floats]:
        if row is None:
            return {}
        counting = {name: head for name, head in self.heads.items() if head.sparse is not None}
        toned = row
        if any(head.spec.tone for head in counting.values()):
            toned = self._with_tone(row, text)
        return {
            name: head.on_pieces(*(toned if head.spec.tone else row))
            for name, head in counting.items()
        }

    def _with_tone(self, row: tuple[Indices, Floats], text: str) -> tuple[Indices, Floats]:
        assert self.ngrams is not None
        places = self.ngrams.size + np.arange(COLUMNS)
        return np.append(row[0], places), np.append(row[1], tone_columns(text))

    def _asks_network(self, pieces: Mapping[str, Floats]) -> bool:
        if not any(head.asks_network for head in self.heads.values()):
            return False
        if self.spec.shortcut is None or INTENT not in pieces:
            return True
        alone = self.heads[INTENT].probabilities(pieces[INTENT], None)
        return bool(alone.max() < self.spec.shortcut)

    def _verdicts(self, pieces: Mapping[str, Floats], vector: Floats | None) -> Verdicts:
        probabilities = {}
        for target, head in self.heads.items():
            on_vector = None
            if vector is not None and head.asks_network:
                on_vector = head.on_vector(vector)
            probabilities[target] = head.probabilities(pieces.get(target), on_vector)
        stages = (*(("words",) if pieces else ()), *(("network",) if vector is not None else ()))
        return Verdicts(probabilities, self._likeness(probabilities[INTENT], vector), stages)

    def _likeness(self, intent: Floats, vector: Floats | None) -> float | None:
        if self.means is None or vector is None:
            return None
        return float(likeness(vector[None], self.means, np.array([intent.argmax()]))[0])


def load_classifier(
    spec: ClassifierSpec, bundle: Bundle, sessions: SessionFactory, target: str
) -> Classifier:
    """The learned models of a bundle.

    Raises:
        BundleError: a file or model is absent, damaged, or does not fit the specification.
    """
    ngrams = read_ngrams(bundle.files) if spec.ngrams else None
    encoder = None
    if spec.encoder is not None:
        tokenizer = bundle.files.get(TOKENIZER_FILE)
        if tokenizer is None:
            raise BundleError(f"the bundle lacks {TOKENIZER_FILE}", where=bundle.id[:12])
        session = sessions(bundle.artefact(ENCODER_ROLE, target))
        encoder = Encoder(spec.encoder, session, tokenizer)
    described: dict[str, HeadSpec | None] = {
        INTENT: spec.intent,
        SEVERAL: spec.several,
        URGENCY: spec.urgency,
        SENTIMENT: spec.sentiment,
    }
    size = ngrams.size if ngrams is not None else None
    heads = {
        name: read_head(name, head, spec.encoder, size, bundle.files)
        for name, head in described.items()
        if head is not None
    }
    for name, head in heads.items():
        if head.dense is None and head.sparse is None:
            raise BundleError(f"the bundle has no model for the {name}", where=bundle.id[:12])
    means = None
    if spec.familiar and spec.encoder is not None:
        means = read_means(bundle.files, len(spec.intent.classes), spec.encoder.width)
    return Classifier(spec, ngrams, encoder, heads, means)


def ngram_files(ngrams: Ngrams) -> dict[str, bytes]:
    """The files of the known pieces, by path."""
    files = {}
    for name, block in (("words", ngrams.words), ("runs", ngrams.runs)):
        files[f"ngrams/{name}.known.npy"] = arrays.to_bytes(block.known)
        files[f"ngrams/{name}.weights.npy"] = arrays.to_bytes(block.weights)
    return files


def read_ngrams(files: Mapping[str, bytes]) -> Ngrams:
    """The known pieces out of a bundle's files.

    Raises:
        BundleError: absent, damaged, or not in order.
    """
    return Ngrams(_block(files, "words"), _block(files, "runs"))


def _block(files: Mapping[str, bytes], name: str) -> Block:
    known = arrays.hashes(files, f"ngrams/{name}.known.npy")
    weights = arrays.floats(files, f"ngrams/{name}.weights.npy", known.shape)
    if not (known[:-1] < known[1:]).all():
        raise BundleError(f"the known {name} are not in order", fix="kit train")
    return Block(known, weights)
