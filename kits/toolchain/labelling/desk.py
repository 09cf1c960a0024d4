"""A project opened for labelling: how its samples read, what its newest model says, and the sitting's start.

Composition only; what a statement does is `work.py`'s, how it looks `terminal.py`'s and `page`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from kits.core.dataset import Split
from kits.core.errors import BundleError, DataError, KitwrightError, UsageError
from kits.core.labelling import Curve, NamesLabels, WithLabelling, labels_in
from kits.core.showing import Shown, shows
from kits.toolchain.labelling import rounds
from kits.toolchain.labelling.applying import apply
from kits.toolchain.labelling.curve import curve_json, curve_lines
from kits.toolchain.labelling.journal import NAME, Journal
from kits.toolchain.labelling.work import Guess, Sitting
from kits.toolchain.project import Project


@dataclass(frozen=True)
class State:
    """How far labelling has come."""

    total: int
    labelled: int
    skipped: int
    counts: dict[str, int]


@dataclass(frozen=True)
class RoundEnd:
    """What a round came to.

    Attributes:
        line: how far it is, in one line.
        rows: the learning curve and what comes next, for people.
        dataset: the version that holds what was said.
        waiting: samples that are still to be labelled.
    """

    line: str
    rows: tuple[str, ...]
    dataset: str
    labelled: int
    waiting: int
    curve: Curve | None


class Desk:
    """A project whose samples are labelled.

    Raises:
        UsageError: the kit's samples are no text: they are labelled in the hub.
        DataError: the project has no data yet.
    """

    def __init__(self, project: Project, author: str) -> None:
        look = shows(project.kit)
        if look is None:
            raise UsageError(
                f"samples of the kit {project.kit.name!r} are not shown here",
                fix="label them on the hub's review page",
            )
        self.project = project
        self.author = author
        self.journal = Journal(project.root / NAME)
        self.dataset = project.dataset()
        self.look: Callable[[bytes], Shown] = look
        self.bundle, self.guess = _guesser(project)

    def state(self) -> State:
        """How far it is."""
        stated = rounds.with_statements(self.dataset, self.journal.standing())
        counts: dict[str, int] = {}
        labelled = 0
        for item in stated.items:
            names = labels_in(item.annotation.label) if item.annotation else ()
            labelled += bool(names)
            for name in names:
                counts[name] = counts.get(name, 0) + 1
        passed = self.journal.standing().skipped.get(self.author, set())
        return State(len(stated.items), labelled, len(passed), dict(sorted(counts.items())))

    def sit(self, n: int) -> Sitting:
        """The next round.

        Raises:
            DataError: everything is labelled.
        """
        split = self.project.config.data.split
        shares: dict[Split, float] = {"train": split.train, "val": split.val, "test": split.test}
        order = rounds.next_round(
            self.project.kit,
            self.project.kit_config,
            self.dataset,
            self.journal.standing(),
            self.author,
            shares=shares,
            seed=self.project.config.data.seed,
            n=n,
        )
        if not order:
            raise DataError("nothing is left to label", where=self.dataset.id[:12], fix="kit train")
        none = self.project.kit.manifest.words.none
        config = self.project.kit_config
        return Sitting(
            self.dataset,
            self.journal,
            self.author,
            order,
            self.look,
            self.guess,
            none,
            tuple(config.labels) if isinstance(config, NamesLabels) else (),
        )

    def finish(self) -> RoundEnd:
        """Makes a dataset version of what was said, and measures what it was worth."""
        standing = self.journal.standing()
        if standing.stated or standing.withdrawn:
            self.dataset = apply(self.project, self.journal).dataset
        state, curve = self.state(), self.curve()
        word = self.project.kit.manifest.words.sample
        line = f"{state.labelled} of {state.total} {word}s are labelled; dataset {self.dataset.id[:12]}"
        damaged = self.journal.damaged
        torn = (f"{damaged} damaged lines of {NAME} do not count",) if damaged else ()
        rows = tuple(curve_lines(curve)) if curve else ()
        waiting = len(rounds.waiting(self.dataset, self.journal.standing(), self.author))
        return RoundEnd(line, (*torn, *rows), self.dataset.id, state.labelled, waiting, curve)

    def curve(self) -> Curve | None:
        """What labels have bought; None where the kit cannot measure it."""
        train = self.project.kit.train
        if not isinstance(train, WithLabelling):
            return None
        known = rounds.with_statements(self.dataset, self.journal.standing())
        return train.learning_curve(known, self.project.kit_config, self.project.config.data.seed)

    def as_json(self, upcoming: int) -> dict[str, JsonValue]:
        """For programs: how far it is, what comes next, and what it would buy."""
        state = self.state()
        try:
            order = self.sit(upcoming).order
        except DataError:
            order = ()
        return {
            "dataset": self.dataset.id,
            "journal": str(self.journal.path),
            "n": state.total,
            "labelled": state.labelled,
            "skipped": state.skipped,
            "counts": dict(state.counts),
            "damaged_lines": self.journal.damaged,
            "bundle": self.bundle,
            "next": [
                {"sample": one.sample_id, "reason": one.reason, "guess": one.guess} for one in order
            ],
            "curve": curve_json(self.curve()),
        }


def _guesser(project: Project) -> tuple[str, Callable[[bytes], Guess]]:
    """The newest bundle's id and what it says; without a bundle nothing is guessed."""
    from kits import load_bundle
    from kits.core.ready import ReadyBundle

    try:
        ready = load_bundle(project.bundle_path())
    except (DataError, BundleError):
        return (
            "",
            lambda _content: Guess(),
        )  # a bundle that cannot be used keeps nobody from labelling
    media_type = project.kit.manifest.media_types[0]

    def guess(bundle: ReadyBundle, content: bytes) -> Guess:
        try:
            said = bundle.predict_bytes(content, media_type)
        except KitwrightError:
            return Guess()  # a sample that cannot be judged can still be labelled
        return Guess(said.label, said.probabilities)

    return ready.id, partial(guess, ready)
