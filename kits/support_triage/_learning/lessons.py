"""What an encoder is tuned on: mails with their labels, or with what a larger network makes of them (distillation).

The larger network is tuned on the labels first. Its shares say more than a label does, and it has some for mails that
nobody labelled (Hinton, Vinyals & Dean 2015). A device never holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import TrainTask
from kits.support_triage._learning.encoders import find_weights, load_network, read_tokenizer
from kits.support_triage._learning.finetune import place, tokens_of, tune
from kits.support_triage._learning.mails import Mail
from kits.support_triage.config import Config, EncoderConfig

MOST_OTHERS = 20_000
"""Mails without a label that are taught, at most: the first ones."""
_OWN_SHARE = np.float32(0.5)
"""Of a labelled mail's target, so much is its label; the rest is what the teacher says."""


@dataclass(frozen=True)
class Lesson:
    """Texts and how much each is of each label.

    Attributes:
        targets: shape (n, labels); rows sum to 1.
        by: who taught it, for the run's report; empty where labels alone did.
    """

    texts: tuple[str, ...]
    targets: NDArray[np.float32]
    by: str = ""


def labelled_lesson(mails: Sequence[Mail], classes: Sequence[str]) -> Lesson:
    """Mails with one of the labels each."""
    targets = np.zeros((len(mails), len(classes)), np.float32)
    for row, mail in enumerate(mails):
        targets[row, classes.index(mail.label)] = 1
    return Lesson(tuple(mail.text for mail in mails), targets)


def taught_lesson(
    task: TrainTask, config: Config, labelled: Lesson, others: Sequence[Mail]
) -> Lesson:
    """The same with what the teacher says, and mails without a label beside.

    Args:
        others: mails without a label, none of a thread or customer that the result is judged by.

    Raises:
        ConfigError: the teacher is not there, or is no encoder.
        MachineError: a package is missing.
    """
    source = EncoderConfig(
        source=config.tuning.teacher, allow_download=config.encoder.allow_download
    )
    weights = find_weights(source, where="model.tuning.teacher")
    assert weights is not None  # it is named
    network, device = load_network(weights), place(task.device)
    longest = int(getattr(network.config, "max_position_embeddings", config.encoder.max_tokens))
    tokenizer, most = read_tokenizer(weights), min(config.encoder.max_tokens, longest)
    teacher = tune(
        network,
        tokens_of(tokenizer, labelled.texts, most),
        labelled.targets,
        config.tuning,
        seed=task.seed,
        device=device,
        progress=task.progress,
    )
    texts = (*labelled.texts, *(mail.text for mail in others[:MOST_OTHERS]))
    targets = teacher.shares(tokens_of(tokenizer, texts, most), device=device)
    known = len(labelled.texts)
    targets[:known] = _OWN_SHARE * labelled.targets + (1 - _OWN_SHARE) * targets[:known]
    by = f", taught by {weights.name} on {known} mails with a label and {len(texts) - known} without,"
    return Lesson(texts, targets, by)
