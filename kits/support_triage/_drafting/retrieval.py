"""Passages that answer a question: by words, by pieces of words, and by meaning where there are vectors.

BM25 (`bm25.py`) on words and, for inflected and compound words, on runs of four letters instead of a stemmer per
language; cosine of embeddings; the rankings are joined by reciprocal rank fusion (Cormack and others 2009). Responsible
for the order and for a floor below which nothing is cited; what is then written is `drafter.py`'s business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from kits.core.correspondence import Passage
from kits.support_triage._drafting.bm25 import Bm25, Scores
from kits.support_triage._drafting.knowledge import Embed, Knowledge, Link, unit_rows
from kits.support_triage._drafting.wordings import folded_words, stopwords

RRF_K = 60
RUN = 4
QUERY_CHARS = 4_000
QUERY_WORDS = 400
COSINE_FLOOR = 0.42
"""Without one of the words in common, this much meaning at least."""
SHARE_FLOOR = 0.22
"""Of what the rarest words of the question weigh, so much is in a passage at least."""
LINK_RANKINGS = 3
"""Links weigh as much as three rankings by the mail's own words."""
SURE_LIFT, SURE_BEST = 0.12, 0.15
"""Where a passage is cited for its intent: it fits a sixth of the intent's mails best, and others' much less."""
LINKS = 12
_OTHER_LANGUAGE = 0.5
"""Weight of a passage in another language than the customer's."""


class Retriever:
    """Finds passages of one knowledge base.

    Args:
        embed: the encoder its vectors came from; None: by words alone.

    Raises:
        BundleError: its vectors do not fit its passages.
    """

    def __init__(self, knowledge: Knowledge, embed: Embed | None = None) -> None:
        self._passages = knowledge.passages
        self._embed = embed if knowledge.dimensions else None
        self._matrix = knowledge.matrix() if self._embed else None
        silent = stopwords()
        self._words = Bm25((w for w in tokens if w not in silent) for tokens in self._folded())
        self._runs = Bm25(runs(tokens) for tokens in self._folded())
        self._linked = {
            intent: np.array(
                [near[p.source].lift if p.source in near else 0 for p in self._passages],
                dtype=np.float32,
            )
            for intent, near in knowledge.links.items()
        }
        self._sure = {
            intent: np.array(
                [p.source in near and _is_sure(near[p.source]) for p in self._passages]
            )
            for intent, near in knowledge.links.items()
        }

    def find(
        self,
        question: str,
        language: str = "",
        intent: str = "",
        most: int = 3,
        other: str = "",
    ) -> tuple[Passage, ...]:
        """The passages that say most about it, best first; none when nothing does.

        Args:
            language: passages in it are preferred.
            intent: what the mail is about, where that is known: passages linked to it are preferred.
            other: the one other language that passages may be in; empty: any.

        Returns:
            Scores are between 0 and 1: 1 for a passage that all rankings put first.
        """
        words = self._content(question)
        if not self._passages or not words:
            return ()
        rankings = self._rankings(question, words)
        linked = self._linked.get(intent)
        if linked is not None and linked.any():
            rankings += [linked] * LINK_RANKINGS
        fused = _fused(rankings)
        allowed = self._words.share(words) >= SHARE_FLOOR
        if len(rankings) > 2:
            allowed |= rankings[2] >= COSINE_FLOOR
        foreign = np.array(
            [bool(language) and p.language not in ("", language) for p in self._passages]
        )
        if linked is not None:
            allowed |= self._sure[intent] & ~foreign
        if language and other:
            allowed &= np.array([p.language in ("", language, other) for p in self._passages])
        fused = np.where(allowed, np.where(foreign, _OTHER_LANGUAGE * fused, fused), 0)
        order = np.argsort(-fused, kind="stable")[:most]
        return tuple(
            Passage(self._passages[i].source, self._passages[i].text, round(float(fused[i]), 4))
            for i in order
            if fused[i] > 0
        )

    def fit(self, question: str) -> Scores:
        """How well each passage fits, from 0 to 1, on a scale that can be averaged over questions."""
        words = self._content(question)
        if not words or not self._passages:
            return np.zeros(len(self._passages), dtype=np.float32)
        scaled = [
            scores / max(float(scores.max()), 1e-6) for scores in self._rankings(question, words)
        ]
        mean: Scores = np.maximum(np.mean(scaled, axis=0), 0)
        return mean

    def _folded(self) -> Iterator[list[str]]:
        return (folded_words(passage.searched) for passage in self._passages)

    def _content(self, question: str) -> list[str]:
        words = folded_words(question[:QUERY_CHARS])[:QUERY_WORDS]
        return [word for word in words if word not in stopwords()]

    def _rankings(self, question: str, words: Sequence[str]) -> list[Scores]:
        found = [self._words.scores(_weights(words)), self._runs.scores(_weights(runs(words)))]
        if self._embed is not None and self._matrix is not None:
            vector = unit_rows(np.asarray(self._embed([question[:QUERY_CHARS]]), dtype=np.float32))[
                0
            ]
            found += [self._matrix @ vector]
        return found


def link_intents(
    knowledge: Knowledge,
    examples: Sequence[tuple[str, str, str]],
    embed: Embed | None = None,
    *,
    per_intent: int = 60,
) -> Knowledge:
    """The knowledge base with links from intents to the passages that their mails have most in common with.

    One mail is noisy; the mails of an intent together say what it is about. A passage is linked by how much better
    it fits the mails of the intent than those of the others.

    Args:
        examples: text, intent and language of mails that the firm labelled; never those of a test part.
        per_intent: so many mails of each intent and language are looked at, the first ones.
    """
    retriever = Retriever(knowledge, embed)
    tongues = [passage.language for passage in knowledge.passages]
    means: dict[str, Scores] = {}
    best: dict[str, Scores] = {}
    for intent in dict.fromkeys(intent for _, intent, _ in examples):
        fits: Scores = np.zeros(len(tongues), dtype=np.float32)
        wins, seen = fits.copy(), fits.copy()
        for language in dict.fromkeys(code for _, found, code in examples if found == intent):
            texts = [t for t, found, code in examples if (found, code) == (intent, language)]
            readable = np.array([float(t in ("", language)) for t in tongues], dtype=np.float32)
            for text in texts[:per_intent] if readable.any() else ():
                fit = readable * retriever.fit(text)
                fits += fit
                wins[int(fit.argmax())] += float(fit.any())
                seen += readable
        means[intent] = (fits / np.maximum(seen, 1)).astype(np.float32)
        best[intent] = (wins / np.maximum(seen, 1)).astype(np.float32)
    average = np.mean([*means.values()], axis=0) if means else np.float32(0)
    links = {
        intent: _nearest(knowledge, mean - average, best[intent]) for intent, mean in means.items()
    }
    return knowledge.model_copy(update={"links": links})


def unanswered(knowledge: Knowledge) -> tuple[str, ...]:
    """Intents that no passage answers for sure: a person may pin one, or write it."""
    return tuple(
        intent
        for intent, near in knowledge.links.items()
        if not any(_is_sure(link) for link in near.values())
    )


def fitting(knowledge: Knowledge) -> dict[str, str]:
    """Intent → the page that fits its mails best, of those that one is linked to."""
    return {
        intent: max(near, key=lambda source: near[source].lift)
        for intent, near in knowledge.links.items()
        if near
    }


def _nearest(knowledge: Knowledge, lift: Scores, best: Scores) -> dict[str, Link]:
    chosen = [int(i) for i in np.argsort(-lift, kind="stable")[:LINKS] if lift[i] > 0]
    return {
        knowledge.passages[i].source: Link(
            lift=round(float(lift[i]), 4), best=round(min(float(best[i]), 1.0), 4)
        )
        for i in chosen
    }


def _is_sure(link: Link) -> bool:
    """Whether the passage may be cited for the intent alone, whatever words the mail has."""
    return link.lift >= SURE_LIFT and link.best >= SURE_BEST


def runs(words: Sequence[str]) -> list[str]:
    """Runs of four letters of each word with its edges: what inflected and compound words have in common."""
    found: list[str] = []
    for word in words:
        edged = f"_{word}_"
        found += [edged[i : i + RUN] for i in range(max(len(edged) - RUN + 1, 1))]
    return found


def _weights(tokens: Sequence[str]) -> dict[str, float]:
    """A word said often in a long mail counts more, but not in proportion."""
    return {token: float(1 + np.log(count)) for token, count in Counter(tokens).items()}


def _fused(rankings: Sequence[Scores]) -> Scores:
    """Reciprocal rank fusion, scaled so that first in all rankings is 1; a score of 0 has no rank."""
    total = np.zeros_like(rankings[0])
    for scores in rankings:
        order = np.argsort(-scores, kind="stable")
        ranks = np.empty(len(scores), dtype=np.float32)
        ranks[order] = np.arange(1, len(scores) + 1)
        total += np.where(scores > 0, (RRF_K + 1) / (RRF_K + ranks), 0)
    fused: Scores = total / np.float32(len(rankings))
    return fused
