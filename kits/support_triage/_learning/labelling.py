"""What `kit label` asks of this kit: which mails to label next, and how far labels have brought it.

It composes vectors, clusters and the curve; no model ships from here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.labelling import Curve, Suggestion
from kits.support_triage._features.ngrams import learn_ngrams
from kits.support_triage._learning.curve import learning_curve
from kits.support_triage._learning.features import Embedder, features_of
from kits.support_triage._learning.linear import Floats, Kind, Matrix, fit
from kits.support_triage._learning.mails import Mail, load_mails
from kits.support_triage._learning.medoids import representative, unsure
from kits.support_triage._learning.names import head_of_names
from kits.support_triage._learning.rounds import truth_table
from kits.support_triage._models.heads import shares
from kits.support_triage.config import Config

_ROUND_WITH_MODEL = 2
"""Labels of each kind on average from which a model's doubts are worth more than clusters."""
_STRENGTH = 10.0
_TOPICS = 64


def suggest(
    dataset: Dataset, config: Config, embedder: Embedder | None, n: int, seed: int
) -> tuple[Suggestion, ...]:
    """Up to `n` mails of `train` without a label, the most useful first.

    Raises:
        DataError: every mail is labelled.
    """
    mails = load_mails(dataset, dataset.of("train"))
    waiting = [mail for mail in mails if not mail.label and mail.text.strip()]
    if not waiting:
        raise DataError("every mail of the train split is labelled", fix="import more mails")
    known = [m for m in mails if m.label and "|" not in m.label]
    classes = tuple(sorted({mail.label for mail in known}))
    vectors = _vectors([m.text for m in (*waiting, *known)], embedder, seed)
    ours, ids = vectors[: len(waiting)], [mail.sample_id for mail in waiting]
    if len(classes) < 2 or len(known) < _ROUND_WITH_MODEL * len(classes):
        found = representative(ours, ids, n, seed)[:n]
        return _guessed(found, waiting, config, embedder)
    truth = truth_table([m.label for m in known], classes, several=False)
    model = fit("vectors", vectors[len(waiting) :], truth, _STRENGTH, several=False)
    return tuple(unsure(ours, shares(model.decide(ours), False), classes, ids, n, seed)[:n])


def measure(dataset: Dataset, config: Config, embedder: Embedder | None, seed: int) -> Curve:
    """What labels have bought so far, and what the next are expected to."""
    mails = load_mails(dataset, dataset.of("train"))
    names = config.out_of_scope
    known = [m for m in mails if m.label and "|" not in m.label and m.label not in names]
    texts = [mail.text for mail in known]
    kind: Kind = "pieces" if embedder is None else "vectors"
    rows: Matrix
    if embedder is None:
        pieces = features_of(texts, learn_ngrams(texts), None).pieces
        assert pieces is not None
        rows = pieces
    else:
        rows = features_of(texts, None, embedder).view("last")
    return learning_curve(kind, rows, [m.label for m in known], [m.group for m in known], seed)


def _vectors(texts: list[str], embedder: Embedder | None, seed: int) -> Floats:
    """The network's vectors; without one, the main directions of counted pieces (Deerwester et al. 1990)."""
    if embedder is not None:
        return embedder.embed(texts)[:, : embedder.encoder.spec.width]
    from sklearn.decomposition import TruncatedSVD

    pieces = features_of(texts, learn_ngrams(texts), None).pieces
    assert pieces is not None
    topics = min(_TOPICS, len(texts) - 1, pieces.shape[1] - 1)
    if topics < 1:
        return np.ones((len(texts), 1), np.float32)
    found = TruncatedSVD(topics, random_state=seed).fit_transform(pieces)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Floats = (found / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _guessed(
    found: list[Suggestion], waiting: list[Mail], config: Config, embedder: Embedder | None
) -> tuple[Suggestion, ...]:
    """The suggestions with a guess by the labels' names, where the project describes them."""
    if embedder is None or len(config.labels) < 2:
        return tuple(found)
    head = head_of_names(config.labels, embedder)
    texts = {mail.sample_id: mail.text for mail in waiting}
    vectors = embedder.embed([texts[one.sample_id] for one in found])
    return tuple(
        replace(one, guess=head.spec.classes[int(head.on_vector(vector).argmax())])
        for one, vector in zip(found, vectors, strict=True)
    )
