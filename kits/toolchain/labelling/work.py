"""One person's sitting: the sample before them, what they say of it, and the way back.

No screen and no keys: terminal and page are two faces of this. Every statement is in the journal before the
next sample comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import UsageError
from kits.core.harmless import printable
from kits.core.labelling import SEVERAL, Suggestion, labels_in, spelled_as
from kits.core.sample import utc_now
from kits.core.showing import Shown
from kits.toolchain.labelling.journal import Act, Entry, Journal

MAX_LABEL = 60
ON_KEYS = 9


@dataclass(frozen=True, slots=True)
class Guess:
    """What is expected of a sample.

    Attributes:
        label: what accepting the guess states, several labels with `|` between; empty for none.
        likely: label → how likely the newest model takes it to be.
    """

    label: str = ""
    likely: Mapping[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        return labels_in(self.label)


@dataclass(frozen=True, slots=True)
class Task:
    """The sample that waits, and what a person needs to judge it.

    Attributes:
        why: why this one comes now.
        stands_for: samples that are much like it, itself among them; 0 when not counted.
        labels: all that may be chosen; the first nine are on keys.
        number, total: its place in this round, from 1.
    """

    item: DatasetItem
    shown: Shown
    why: str
    stands_for: int
    guess: Guess
    labels: tuple[str, ...]
    number: int
    total: int


@dataclass
class Sitting:
    """What is being labelled, by whom.

    Args:
        order: the samples of this round, the most useful first.
        look: bytes → what a person sees.
        guess: bytes → what the newest model says.
        none: the label of what fits no other; empty where the kit knows none.
        names: labels that the project names before any sample has them.
        clock: now, in UTC.
    """

    dataset: Dataset
    journal: Journal
    author: str
    order: Sequence[Suggestion]
    look: Callable[[bytes], Shown]
    guess: Callable[[bytes], Guess] = lambda _content: Guess()
    none: str = ""
    names: tuple[str, ...] = ()
    clock: Callable[[], datetime] = utc_now
    place: int = 0
    _acts: list[tuple[str, ...]] = field(default_factory=list)  # labels; none: skipped
    _used: Counter[str] = field(default_factory=Counter)
    _order: list[str] = field(default_factory=list)
    _coined: set[str] = field(default_factory=set)
    _items: dict[str, DatasetItem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._items = {item.sample.id: item for item in self.dataset.items}
        stated = self.journal.standing().stated
        for identity, item in self._items.items():
            annotation = stated.get(identity) or item.annotation
            self._used.update(labels_in(annotation.label if annotation else ""))
        self._used.setdefault(self.none, 0)  # it is that word and no other
        for label in (*self.dataset.header.labels, *self.names):
            for name in labels_in(label):
                self._used.setdefault(self.known_as(name), 0)
        self._order = sorted(set(self._used) - {self.none, ""})

    @property
    def over(self) -> bool:
        """Whether the round is done."""
        return self.place >= len(self.order)

    def task(self) -> Task | None:
        """What waits now; None when the round is over."""
        if self.over:
            return None
        why = self.order[self.place]
        item = self._items[why.sample_id]
        content = self.dataset.content(item)
        shown = self.look(content)
        guess = self.guess(content)
        guess = guess if guess.label else Guess(why.guess)
        return Task(
            item,
            Shown(printable(shown.title), printable(shown.text), shown.facts),
            why.reason,
            why.stands_for,
            guess,
            self.labels(guess),
            self.place + 1,
            len(self.order),
        )

    def labels(self, guess: Guess) -> tuple[str, ...]:
        """What may be chosen. Few labels keep their keys, a new one comes last; of many the likeliest come first."""
        if len(self._order) <= ON_KEYS:
            return tuple(self._order)
        ranked = sorted(self._order)
        return tuple(
            sorted(ranked, key=lambda name: (-guess.likely.get(name, 0.0), -self._used[name]))
        )

    def known_as(self, label: str) -> str:
        """The label as it is spelled already, where capitals and spaces are all that differs."""
        return spelled_as(label, [name for name in self._used if not self._is_taken_back(name)])

    def _is_taken_back(self, name: str) -> bool:
        """A label that was new, and that nothing has any more: it keeps its key, but may have been a slip."""
        return name in self._coined and not self._used[name]

    def state(self, labels: Iterable[str]) -> str:
        """The sample is about this; what a person should know of it, usually nothing.

        Raises:
            UsageError: no label, or one that cannot be kept.
        """
        said = {clean_label(label) for label in labels}
        chosen = sorted({self.known_as(label) for label in said})
        if not chosen:
            raise UsageError("a statement needs a label", fix="name one or several")
        stated = Annotation(
            SEVERAL.join(chosen), author=self.author, source="review", at=self.clock()
        )
        self._write("state", stated, chosen)
        self._used.update(chosen)
        for name in chosen:
            self._coin(name)
        taken = [name for name in chosen if name not in said]
        return f"taken as {', '.join(map(repr, taken))}, which is there already" if taken else ""

    def _coin(self, name: str) -> None:
        """A new label comes last, or in the place of a slip that was taken back and meant the same."""
        if name in self._order or name == self.none:
            return
        slips = [other for other in self._order if self._is_taken_back(other)]
        slip = spelled_as(name, slips)
        if slip in slips:
            self._order[self._order.index(slip)] = name
            self._coined.remove(slip)
            del self._used[slip]
        else:
            self._order.append(name)
        self._coined.add(name)

    def skip(self) -> None:
        """This person does not know; another one may."""
        self._write("skip")

    def undo(self) -> bool:
        """Back to the sample before, whose statement is taken back; False when there is none."""
        if self.place == 0:
            return False
        self.place -= 1
        sample = self.order[self.place].sample_id
        self.journal.append(Entry(sample, "undo", self.author, self.clock()))
        self._used.subtract(self._acts.pop())
        return True

    @property
    def made(self) -> int:
        """Statements of this round that stand."""
        return sum(1 for labels in self._acts if labels)

    def _write(
        self, act: Act, annotation: Annotation | None = None, labels: Sequence[str] = ()
    ) -> None:
        sample = self.order[self.place].sample_id
        self.journal.append(Entry(sample, act, self.author, self.clock(), annotation))
        self._acts.append(tuple(labels))
        self.place += 1


def clean_label(label: str) -> str:
    """A label as it is kept.

    Raises:
        UsageError: empty, too long, or with characters that separate labels.
    """
    text = " ".join(printable(label).split())
    if not text or len(text) > MAX_LABEL or SEVERAL in text or "\ufffd" in text:
        raise UsageError(
            f"{text[:MAX_LABEL]!r} cannot be a label",
            fix=f"1 to {MAX_LABEL} characters without {SEVERAL!r}",
        )
    return text
