"""Whether a fine-tuned encoder ships: tuned on four fifths of the mails, judged beside the frozen one on the rest.

It composes `finetune.py` and the choice of heads; heads of a tuned network are judged only by mails it never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.kit import TrainTask
from kits.core.runtime import cpu_session
from kits.support_triage._learning.encoders import (
    EncoderGraph,
    find_weights,
    load_network,
    make_graph,
)
from kits.support_triage._learning.features import Embedder
from kits.support_triage._learning.finetune import place, tokens_of, tune, wanted
from kits.support_triage._learning.folds import fold_of
from kits.support_triage._learning.intents import LearnedClassifier, learn_classifier
from kits.support_triage._learning.lessons import labelled_lesson, taught_lesson
from kits.support_triage._learning.mails import Mail
from kits.support_triage._learning.rounds import gains
from kits.support_triage._models.encoder import Encoder
from kits.support_triage.config import Config

_FOLDS = 5
_TINY = 1e-9


@dataclass(frozen=True)
class Tuned:
    """The classifier that ships, with its encoder.

    Attributes:
        embedder: of this encoder, with the mails it has read.
        note: a sentence on what was tried; empty where nothing was.
    """

    learned: LearnedClassifier
    graph: EncoderGraph
    embedder: Embedder
    note: str


def tried_tuning(
    task: TrainTask,
    config: Config,
    frozen: LearnedClassifier,
    graph: EncoderGraph,
    embedder: Embedder,
    mails: Sequence[Mail],
    val: Sequence[Mail],
) -> Tuned:
    """The better of the frozen and the tuned network's classifier; the frozen one where nothing is to be tuned.

    Raises:
        MachineError: a package is missing.
    """
    labels = [mail.label for mail in frozen.mails]
    if frozen.intent.head.spec.several or not wanted(config.tuning, len(labels), task.device):
        return Tuned(frozen, graph, embedder, "")
    weights = find_weights(config.encoder)
    assert weights is not None  # the frozen graph was made of them
    fold = fold_of(labels, [mail.group for mail in frozen.mails], _FOLDS, task.seed)
    shown = [frozen.mails[n] for n in np.flatnonzero(fold != 0)]
    hidden = {frozen.mails[n].group for n in np.flatnonzero(fold == 0)} - {""}
    lesson = labelled_lesson(shown, frozen.intent.head.spec.classes)
    if config.tuning.teacher:
        others = [mail for mail in mails if not mail.label and mail.group not in hidden]
        lesson = taught_lesson(task, config, lesson, others)
    learner = tune(
        load_network(weights),
        tokens_of(graph.tokenizer, lesson.texts, graph.spec.max_tokens),
        lesson.targets,
        config.tuning,
        seed=task.seed,
        device=place(task.device),
        progress=task.progress,
    )
    made = make_graph(weights, learner.network, config.encoder, tuned=True)
    reader = Embedder(Encoder(made.spec, cpu_session(made.model), made.tokenizer), task.progress)
    unseen = frozenset(frozen.mails[n].sample_id for n in np.flatnonzero(fold == 0))
    tuned = learn_classifier(mails, val, config, reader, seed=task.seed, unseen=unseen)
    old, new = _losses(frozen, unseen), _losses(tuned, unseen)
    better = gains(new, old)
    note = (
        f"the fine-tuned encoder{lesson.by} {'ships' if better else 'does not ship'}: loss {new.mean():.3f} beside {old.mean():.3f}"
        f" of the frozen one, on {len(unseen)} mails that neither saw"
    )
    if better:
        return Tuned(tuned, made, reader, note)
    return Tuned(frozen, graph, embedder, note)


def _losses(learned: LearnedClassifier, unseen: frozenset[str]) -> np.typing.NDArray[np.float32]:
    """Logarithmic loss of the mails that the tuned network never saw, in the order of the mails."""
    intent = learned.intent
    rows = [
        row
        for row, place_ in enumerate(intent.judging)
        if learned.mails[place_].sample_id in unseen
    ]
    found = intent.held_out[rows][intent.truth[rows]]
    losses: np.typing.NDArray[np.float32] = -np.log(np.maximum(found, _TINY))
    return losses
