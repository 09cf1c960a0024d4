"""From labelled mails to the classifier of a bundle: intent, several intents, urgency, sentiment, scope, short cut.

It decides what is learned at all; how one target is learned is `choice.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import Progress
from kits.support_triage._features.ngrams import Ngrams, learn_ngrams
from kits.support_triage._learning.choice import Learned, Target, learn_head
from kits.support_triage._learning.features import Embedder, Features, features_of
from kits.support_triage._learning.mails import (
    Mail,
    disputed_texts,
    languages_learned,
    machines_learned,
    those,
)
from kits.support_triage._learning.noise import noise_note
from kits.support_triage._learning.rounds import truth_table
from kits.support_triage._learning.scope import LEAST, choose_threshold, split_labels
from kits.support_triage._learning.shortcut import choose_shortcut
from kits.support_triage._models import arrays
from kits.support_triage._models.classifier import (
    INTENT,
    SENTIMENT,
    SEVERAL,
    URGENCY,
    ngram_files,
)
from kits.support_triage._models.heads import Floats, Head, combined, head_files
from kits.support_triage._models.scope import MEANS_FILE, likeness, means_of, value
from kits.support_triage._models.spec import ClassifierSpec, EncoderSpec, HeadSpec, ScopeSpec
from kits.support_triage._models.telling import digest_of_text
from kits.support_triage.config import Config

MOSTLY_SEVERAL = 0.2
"""Share of mails with several intents from which every intent is decided by itself."""
_LEAST_SEVERAL = 10
_LEAST_LEVELS = 20


@dataclass(frozen=True)
class LearnedClassifier:
    """What training made of the mails.

    Attributes:
        files: arrays for the bundle, by path.
        intent: the intent by cross-validation, on `mails`.
        mails: those that the intent was learned from, in the order of its rows.
    """

    spec: ClassifierSpec
    heads: Mapping[str, Head]
    ngrams: Ngrams | None
    files: Mapping[str, bytes]
    intent: Learned
    mails: tuple[Mail, ...]
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def learn_classifier(
    mails: Sequence[Mail],
    val: Sequence[Mail],
    config: Config,
    embedder: Embedder | None,
    *,
    seed: int,
    unseen: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> LearnedClassifier:
    """Learns all targets.

    Args:
        val: mails that nothing is learned from but the threshold of what is out of scope.
        embedder: the network; None: counted words alone decide.
        unseen: ids of the mails that the network was not tuned on; None: it was tuned on none.

    Raises:
        DataError: fewer than two intents are labelled.
    """
    ngrams = learn_ngrams([mail.text for mail in mails])
    features = features_of([mail.text for mail in mails], ngrams, embedder)
    job = _Job(list(mails), features, config, seed, unseen, progress)
    intent, inside = job.intent()
    heads = {INTENT: intent.head, **job.others()}
    encoder = embedder.encoder.spec if embedder is not None else None
    if not any(head.asks_network for head in heads.values()):
        encoder = None
    means = job.means(intent, inside) if encoder is not None else None
    scope = job.scope(intent.head, val, ngrams, embedder, means)
    disputed = disputed_texts(mails, config.bound.floor)
    spec = ClassifierSpec(
        approach="ngrams" if encoder is None else "encoder",
        encoder=encoder,
        intent=heads[INTENT].spec,
        several=_spec(heads, SEVERAL),
        urgency=_spec(heads, URGENCY),
        sentiment=_spec(heads, SENTIMENT),
        familiar=means is not None,
        scope=scope,
        shortcut=_shortcut(intent, heads, encoder, config),
        languages=languages_learned(mails, config.languages),
        machines=machines_learned(mails, config.out_of_scope),
        disputed=tuple(sorted(digest_of_text(text) for text in disputed)),
    )
    files = ngram_files(ngrams)
    for target, head in heads.items():
        files.update(head_files(target, head))
    if means is not None:
        files[MEANS_FILE] = arrays.to_bytes(means)
    return LearnedClassifier(
        spec=spec,
        heads=heads,
        ngrams=ngrams,
        files=files,
        intent=intent,
        mails=tuple(inside),
        figures=_figures(intent),
        notes=(
            *intent.notes,
            *job.notes,
            *_doubts(intent, inside),
            *_of_disputed(disputed, len(mails)),
        ),
    )


def _spec(heads: Mapping[str, Head], target: str) -> HeadSpec | None:
    return heads[target].spec if target in heads else None


def _doubts(intent: Learned, mails: Sequence[Mail]) -> tuple[str, ...]:
    """Labels that may be wrong, where each mail has one."""
    if intent.head.spec.several:
        return ()
    judged = [mails[n] for n in intent.judging]
    note = noise_note(judged, intent.head.spec.classes, intent.held_out, intent.truth)
    return (note,) if note else ()


def _of_disputed(disputed: Mapping[str, int], mails: int) -> tuple[str, ...]:
    """Texts that people did not file alike."""
    if not disputed:
        return ()
    return (
        f"{len(disputed)} texts of {sum(disputed.values())} mails (of {mails}) stand under several labels each: mails that"
        " say the same go to a person, which is no part of the share filed of val and test",
    )


def _figures(intent: Learned) -> dict[str, float]:
    figures = {f"cv_right_{name}": round(value, 4) for name, value in intent.right.items()}
    return {**figures, "ngram_weight": intent.head.spec.ngram_weight}


def _shortcut(
    intent: Learned, heads: Mapping[str, Head], encoder: EncoderSpec | None, config: Config
) -> float | None:
    others = (head for target, head in heads.items() if target != INTENT)
    if encoder is None or config.shortcut == "never" or intent.head.spec.several:
        return None
    if intent.by_words is None or any(head.asks_network for head in others):
        return None
    return choose_shortcut(intent.by_words, intent.held_out, intent.truth)


@dataclass
class _Job:
    mails: list[Mail]
    features: Features
    config: Config
    seed: int
    unseen: frozenset[str] | None = None
    progress: Progress | None = None
    notes: list[str] = field(default_factory=list)

    def intent(self) -> tuple[Learned, list[Mail]]:
        """The intent, and the mails it was learned from."""
        names = self.config.out_of_scope
        places, mails = those(self.mails, lambda m: bool(m.label) and m.label not in names)
        several = sum("|" in mail.label for mail in mails)
        every = several > MOSTLY_SEVERAL * len(mails)
        if every:
            # a mail about nothing known teaches what none of the intents looks like
            places, mails = those(self.mails, lambda m: bool(m.label))
        elif several:
            places, mails = those(
                self.mails, lambda m: bool(m.label) and m.label not in names and "|" not in m.label
            )
        if not mails:
            raise DataError("no mail is labelled", fix="kit label, or import labelled mails")
        if several:
            self.notes.append(
                f"{several} mails have several intents: "
                + ("every intent is decided by itself" if every else "such mails go to a person")
            )
        return self._learn(places, [m.label for m in mails], several=every), mails

    def others(self) -> dict[str, Head]:
        """Further targets that enough mails say something of."""
        heads = {}
        names = self.config.out_of_scope
        places, mails = those(self.mails, lambda m: bool(m.label) and m.label not in names)
        several = sum("|" in mail.label for mail in mails)
        if _LEAST_SEVERAL <= several <= MOSTLY_SEVERAL * len(mails):
            heads[SEVERAL] = self._learn(places, [m.label for m in mails], several=True).head
        for target in (URGENCY, SENTIMENT):
            learned = self._levels(target)
            if learned is not None:
                heads[target] = learned.head
                self.notes.append(f"{target}: {learned.notes[0]}")
        return heads

    def means(self, intent: Learned, inside: Sequence[Mail]) -> Floats | None:
        """The mean vector of each intent's mails; None where a mail may have several."""
        if intent.head.spec.several or self.features.vectors is None:
            return None
        known = {mail.sample_id: n for n, mail in enumerate(self.mails)}
        rows = [known[mail.sample_id] for mail in inside]
        labels = [mail.label for mail in inside]
        truth = truth_table(labels, intent.head.spec.classes, several=False)
        return means_of(self.features.vectors[rows, : self.features.width], truth)

    def scope(
        self,
        head: Head,
        val: Sequence[Mail],
        ngrams: Ngrams,
        embedder: Embedder | None,
        means: Floats | None,
    ) -> ScopeSpec | None:
        """When a mail is out of scope; None where too few such mails are known.

        Mails out of scope in the training part were not learned from, so they may choose the threshold where the
        validation part has too few.
        """
        names = self.config.out_of_scope
        if head.spec.several:
            return ScopeSpec(below=0.0, names=names)
        judged = [mail for mail in val if mail.label and "|" not in mail.label]
        outside = [mail for mail in judged if mail.label in names]
        if len(outside) < LEAST:
            judged += [mail for mail in self.mails if mail.label in names]
        labels = [mail.label for mail in judged]
        places_in, places_out = split_labels(labels, names)
        if len(places_out) < LEAST or not len(places_in):
            return None
        features = features_of([m.text for m in judged], ngrams, embedder)
        found = probabilities(head, features)
        like = None
        if means is not None and features.vectors is not None:
            like = likeness(features.vectors, means, found.argmax(axis=1))
        likely = np.asarray(head.spec.classes, dtype=object)[found.argmax(axis=1)]
        inside = np.isin(np.arange(len(judged)), places_in)
        below = choose_threshold(
            value(found.max(axis=1), like).astype(np.float64),
            likely == np.asarray(labels, dtype=object),
            inside,
        )
        self.notes.append(
            f"out of scope below {below:.3f}, chosen on {len(places_in)} mails within and"
            f" {len(places_out)} out of it"
        )
        return ScopeSpec(below=below, names=names)

    def _levels(self, target: str) -> Learned | None:
        places, mails = those(self.mails, lambda m: m.level(target) is not None)
        labels = [f"{mail.level(target):g}" for mail in mails]
        if len(labels) < _LEAST_LEVELS or len(set(labels)) < 2:
            return None
        return self._learn(places, labels, several=False, tone=True)

    def _learn(
        self, places: Sequence[int], labels: Sequence[str], *, several: bool, tone: bool = False
    ) -> Learned:
        features = self.features.rows(np.asarray(places, np.int64))
        if tone:
            features = features.with_tone([self.mails[n].text for n in places])
        return learn_head(
            features,
            Target(
                labels, [self.mails[n].group for n in places], several, self.config.out_of_scope
            ),
            seed=self.seed,
            unseen=self._unseen(places),
            network=self.config.approach == "encoder",
            progress=self.progress,
        )

    def _unseen(self, places: Sequence[int]) -> NDArray[np.bool_] | None:
        """Which of the mails may judge a tuned network; None where it was tuned on none."""
        if self.unseen is None:
            return None
        flags = np.array([self.mails[n].sample_id in self.unseen for n in places])
        # of a further target, all may be new to it or none: then every mail judges, in turn
        return flags if flags.any() and not flags.all() else None


def probabilities(head: Head, features: Features) -> Floats:
    """A head's probabilities of many texts at once, shape (n, classes)."""
    pieces = vectors = None
    if features.pieces is not None and head.sparse is not None and head.constants is not None:
        pieces = np.asarray(features.pieces @ head.sparse.astype(np.float32)) + head.constants
    if features.vectors is not None and head.dense is not None and head.asks_network:
        vectors = features.view(head.spec.view) @ head.dense[:-1] + head.dense[-1]
    return combined(head.spec, pieces, vectors)
