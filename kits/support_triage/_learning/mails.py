"""A dataset's mails as texts with what people said of them: the first step of every training.

It reads and sorts; nothing is learned here.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kits.core.annotation import BY_PEOPLE
from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import ConfigError, DataError
from kits.core.kit import NoProgress, Progress
from kits.core.labelling import spelled_otherwise
from kits.core.mail.automatic import kind_of, why_automatic
from kits.core.prediction import Span
from kits.core.sample import COPIES
from kits.support_triage._mail.reading import read_mail
from kits.support_triage.config import ANY_LANGUAGE

_LEAST_MAILS, _LEAST_SHARE = 3, 0.01
_LEAST_FILED = 0.5
"""Of a kind of mails, beside the share of all that are labelled."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the dataset.

    Attributes:
        text: what the models see.
        label: the intent, several joined by `|`; empty where nobody said it.
        levels: urgency and sentiment by name, where somebody said them.
        group: what must stay together (a thread, a customer).
        source: where a person finds it: the file, and the row in it.
        machine: what kind of machine wrote it; empty where a person did.
        copies: the labels of all its copies, which the import left out, each with how many; empty where they agree.
    """

    sample_id: str
    text: str
    language: str
    label: str
    spans: tuple[Span, ...]
    levels: tuple[tuple[str, float], ...]
    group: str
    source: str = ""
    machine: str = ""
    copies: tuple[tuple[str, int], ...] = ()

    def level(self, name: str) -> float | None:
        """A level by name; None where nobody said it."""
        return dict(self.levels).get(name)


def require_intents(mails: Sequence[Mail], out_of_scope: Sequence[str]) -> None:
    """Said before anything slow begins.

    Raises:
        DataError: no mail is labelled with an intent.
        ConfigError: what is out of scope is spelled otherwise than mails are labelled: it would be learned as an intent.
    """
    labels = sorted({part for mail in mails for part in mail.label.split("|") if part})
    for name, label in spelled_otherwise(out_of_scope, labels).items():
        raise ConfigError(
            f"mails are labelled {label!r}, and {name!r} means none of the intents: is that one?",
            where="kit.yaml: model.out_of_scope",
            fix=f"name {label!r} there, too, or rename it: kit label --rename '{label}={name}'",
        )
    if not any(mail.label and mail.label not in out_of_scope for mail in mails):
        raise DataError("no mail is labelled", fix="kit label, or import labelled mails")


def languages_learned(mails: Sequence[Mail], besides: Sequence[str]) -> tuple[str, ...]:
    """Languages that enough labelled mails are in, and those that are allowed besides; empty: all are.

    A language of one or two mails may be a mistake of the language's recognition.
    """
    known = Counter(mail.language for mail in mails if mail.label and mail.language)
    least = max(_LEAST_MAILS, _LEAST_SHARE * known.total())
    learned = {language for language, n in known.items() if n >= least}
    return () if not learned or ANY_LANGUAGE in besides else tuple(sorted(learned.union(besides)))


def machines_learned(mails: Sequence[Mail], out_of_scope: Sequence[str]) -> tuple[str, ...]:
    """Kinds of machines' mails that people file about as often as all others, sorted.

    Bounces and newsletters lie in the inbox until somebody deletes them: no label says that filing one was wrong, and so
    neither does a promise. Of a kind that a person filed once or twice by mistake nothing is known either.
    """
    said = [mail for mail in mails if mail.label and mail.label not in out_of_scope]
    usual = len(said) / max(1, len(mails))
    all_kinds, filed = Counter(m.machine for m in mails), Counter(m.machine for m in said)
    return tuple(
        sorted(
            kind
            for kind, n in filed.items()
            if kind and n >= _LEAST_MAILS and n >= _LEAST_FILED * usual * all_kinds[kind]
        )
    )


def disputed_texts(mails: Sequence[Mail], floor: float) -> dict[str, int]:
    """Texts of which more than this share of the mails has another label than the most, with their mails.

    Copies stand in one split, so val may have none of a text that comes every day: what becomes of it is told by the
    mails that were learned from.
    """
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for mail in mails:
        if mail.label and mail.text.strip():
            labels[" ".join(mail.text.split())].update(dict(mail.copies) or {mail.label: 1})
    return {
        text: said.total()
        for text, said in labels.items()
        if said.total() - max(said.values()) > floor * said.total()
    }


def load_mails(
    dataset: Dataset, items: Sequence[DatasetItem], progress: Progress | None = None
) -> tuple[Mail, ...]:
    """The mails of the items, in their order; one that cannot be read is left out."""
    shown = progress or NoProgress()
    shown.begin("reading mails", len(items))
    mails = []
    for item in items:
        # the import has said so; a mail that nobody can read teaches nothing
        with contextlib.suppress(DataError):
            mails.append(_mail(dataset, item))
        shown.advance()
    shown.end()
    return tuple(mails)


def _mail(dataset: Dataset, item: DatasetItem) -> Mail:
    reading = read_mail(dataset.content(item))
    said = item.annotation
    return Mail(
        sample_id=item.sample.id,
        text=reading.text,
        language=reading.language,
        label=said.label if said is not None else "",
        spans=said.spans if said is not None else (),
        levels=tuple((q.name, q.value) for q in said.quantities) if said is not None else (),
        group=item.sample.group,
        source=item.sample.source,
        machine=kind_of(why_automatic(reading.message)),
        copies=_copies(item),
    )


def _copies(item: DatasetItem) -> tuple[tuple[str, int], ...]:
    """What the import knows of copies, unless a person has decided since."""
    said = item.sample.meta.get(COPIES)
    if (
        not isinstance(said, Mapping)
        or item.annotation is None
        or item.annotation.source in BY_PEOPLE
    ):
        return ()
    return tuple((label, n) for label, n in said.items() if isinstance(n, int))


def those(mails: Sequence[Mail], wanted: Callable[[Mail], bool]) -> tuple[list[int], list[Mail]]:
    """Places and mails for which something holds."""
    places = [n for n, mail in enumerate(mails) if wanted(mail)]
    return places, [mails[n] for n in places]
