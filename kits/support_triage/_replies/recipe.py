"""The recipe as one call: mailbox and bundle → adapter. What a project's `recipes/train_reply_model.py` runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.bundle import open_file
from kits.core.errors import DataError
from kits.core.kit import Progress
from kits.core.ready import make_ready
from kits.support_triage._replies.adapter import ReplyModelConfig, Tuned, tune
from kits.support_triage._replies.examples import examples_of
from kits.support_triage._replies.pairs import pairs_of, raw_mails


@dataclass(frozen=True)
class ReplyModel:
    """What came of the recipe.

    Attributes:
        answered: mails of customers that the firm answered.
        citing: conversations in which the firm said something that its passages say.
    """

    answered: int
    citing: int
    tuned: Tuned

    def lines(self) -> tuple[str, ...]:
        """What a person is told, the answer first."""
        tuned = self.tuned
        said = (
            f"adapter in {tuned.folder}"
            if tuned.kept
            else "no adapter: the model as it was is as good"
        )
        return (
            f"{said}: loss {tuned.before.text()} → {tuned.after.text()} on {tuned.before.n} unseen conversations",
            f"{self.answered} answered mails, {tuned.examples} learned from, {self.citing} of all cite a passage,"
            f" {tuned.left_out} too long",
        )


def train_reply_model(
    mailbox: Path,
    bundle: Path,
    out: Path,
    own: Sequence[str],
    config: ReplyModelConfig,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> ReplyModel:
    """Learns from a mailbox with its sent mail how the firm answers out of its passages.

    Args:
        mailbox: an mbox, a Maildir or a folder of EML files; sent mail among it.
        bundle: of this kit, with a knowledge base.
        own: the firm's own addresses: whose mails are answers.

    Raises:
        DataError: no mails, or too few that were answered.
        BundleError: the bundle cannot be used.
        ConfigError: the base model is not there.
        MachineError: a package is missing.
    """
    runtime = make_ready(open_file(bundle)).runtime
    pairs = list(pairs_of(lambda: raw_mails(mailbox), own))
    examples = list(examples_of(pairs, runtime))
    if pairs and not examples:
        raise DataError(
            "the bundle would show a writer nothing for any of these mails",
            where=str(bundle),
            fix="set model.knowledge to the folder with what replies may cite, and train again",
        )
    tuned = tune(examples, config, out, device=device, progress=progress)
    return ReplyModel(len(pairs), sum(e.chosen > 0 for e in examples), tuned)
