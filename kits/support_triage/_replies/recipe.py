"""The recipe as one call: mailbox and bundle → adapter. What a project's `recipes/train_reply_model.py` runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.bundle import open_file
from kits.core.correspondence import Correspondent
from kits.core.errors import BundleError, DataError
from kits.core.kit import NoProgress, Progress
from kits.core.ready import make_ready
from kits.core.runtime import Runtime
from kits.support_triage._replies.adapter import ReplyModelConfig, Tuned, ready, tune
from kits.support_triage._replies.examples import Example, examples_of
from kits.support_triage._replies.pairs import Looked, Pair, pairs_of, raw_mails

_NAMED = 3


@dataclass(frozen=True)
class ReplyModel:
    """What came of the recipe.

    Attributes:
        answered: mails of customers that the firm answered.
        citing: answers in which the firm said something that its passages say.
        left_out: place → why a mail there could not be read.
        stays: an adapter of an earlier run lies where this one would.
    """

    answered: int
    citing: int
    tuned: Tuned
    left_out: Mapping[str, str]
    stays: bool

    @property
    def pageless(self) -> int:
        """Answered mails of which the bundle would show a writer nothing: they teach nothing."""
        tuned = self.tuned
        return self.answered - tuned.examples - tuned.before.n - tuned.alike - tuned.left_out

    def lines(self) -> tuple[str, ...]:
        """What a person is told, the answer first."""
        tuned = self.tuned
        said = (
            f"adapter in {tuned.folder}"
            if tuned.kept
            else "no adapter: the model as it was is as good"
        )
        if self.stays:
            said += f" (in {tuned.folder} lies the one of an earlier run)"
        unread = (
            f"{len(self.left_out)} mails could not be read: "
            + "; ".join(f"{name}: {why}" for name, why in list(self.left_out.items())[:_NAMED])
            + (" …" if len(self.left_out) > _NAMED else "")
        )
        return (
            f"{said}: loss {tuned.before.text()} → {tuned.after.text()} on {tuned.before.n} answers in {tuned.unseen}"
            " unseen conversations",
            f"{self.answered} answered mails: {tuned.examples} learned from, {tuned.before.n} judged by, {tuned.alike} kept aside"
            f" that say what a learned one says, {self.pageless} for which no page is shown, {tuned.left_out} too long;"
            f" {self.citing} of all cite a passage",
            *([unread] if self.left_out else []),
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
        ConfigError: the base model is not there, or `out` is a folder of something else.
        MachineError: a package, the GPU or memory is missing.
    """
    ready(config, out, device)
    runtime = make_ready(open_file(bundle)).runtime
    if not isinstance(runtime, Correspondent):
        raise BundleError(
            "this bundle answers no mails", where=str(bundle), fix="name one of support-triage"
        )
    progress = progress or NoProgress()
    read = read_examples(mailbox, own, runtime, progress)
    if not read.examples:
        raise DataError(
            "the bundle would show a writer nothing for any of these mails",
            where=str(bundle),
            fix="set model.knowledge to the folder with what replies may cite, and train again",
        )
    was_there = out.exists() and any(out.iterdir())
    tuned = tune(read.examples, config, out, device=device, progress=progress)
    citing = sum(e.chosen > 0 for e in read.examples)
    return ReplyModel(read.answered, citing, tuned, read.left_out, was_there and not tuned.kept)


@dataclass(frozen=True)
class Read:
    """What a mailbox teaches; as `ReplyModel`."""

    examples: Sequence[Example]
    answered: int
    left_out: Mapping[str, str]


def read_examples(mailbox: Path, own: Sequence[str], runtime: Runtime, progress: Progress) -> Read:
    """Reads a mailbox twice, and keeps of each answered mail what is learned of it.

    Raises:
        DataError: no mails, or none that was answered; says which.
    """
    looked, answered = Looked(), 0

    def counted() -> Iterator[Pair]:
        nonlocal answered
        for pair in pairs_of(lambda: raw_mails(mailbox, looked), own, looked):
            answered += 1
            progress.advance()
            yield pair

    progress.begin("reading the mails", 0)
    examples = list(examples_of(counted(), runtime))
    progress.end()
    if not answered:
        raise _nothing_answered(looked, mailbox, own)
    return Read(examples, answered, looked.left_out)


def _nothing_answered(looked: Looked, mailbox: Path, own: Sequence[str]) -> DataError:
    """Which of the three things that a pair needs is missing."""
    if not looked.mails:
        what, fix = "no mail can be read here", "name an mbox, a Maildir or a folder of .eml"
    elif not looked.own:
        what = f"none of {looked.mails} mails is from {' or '.join(own)}"
        fix = "name your addresses as they stand in From (--own), and export the sent mail, too"
    else:
        what = f"none of your {looked.own} mails answers another one of these {looked.mails}"
        fix = "export what came in together with the sent mail: an answer names its mail in In-Reply-To"
    return DataError(what, where=str(mailbox), fix=fix)
