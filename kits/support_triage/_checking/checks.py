"""All the kit's checks of a dataset version, in the order in which they matter. The rules have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Finding
from kits.support_triage._checking import (
    copies,
    in_time,
    label_checks,
    named_labels,
    noise,
    shared_words,
    text_checks,
)
from kits.support_triage._checking.mails import MOST_MAILS, Mail, load
from kits.support_triage.config import Config

Rule = Callable[[list[Mail], Config], Iterator[Finding]]


def _alone(rule: Callable[[list[Mail]], Iterator[Finding]]) -> Rule:
    """A rule that needs no configuration."""
    return lambda mails, _: rule(mails)


RULES: tuple[Rule, ...] = (
    _alone(noise.predictable),
    _alone(label_checks.few_per_label),
    label_checks.promise,
    label_checks.few_shot,
    label_checks.unbalanced,
    _alone(label_checks.several_intents),
    label_checks.out_of_scope,
    _alone(label_checks.default_folder),
    _alone(copies.copied),
    _alone(copies.templates),
    _alone(in_time.come_and_go),
    _alone(in_time.newest),
    _alone(named_labels.subjects),
    _alone(named_labels.lines),
    _alone(shared_words.shared),
    _alone(text_checks.empty),
    text_checks.languages,
    _alone(text_checks.machines),
    _alone(text_checks.own),
    _alone(text_checks.quotes),
    _alone(text_checks.hidden),
    _alone(text_checks.personal),
)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """Every finding of every rule; none stops at the first.

    Raises:
        DataError: a sample's bytes are absent or damaged.
    """
    assert isinstance(config, Config)
    mails, unread = load(dataset)
    if unread:
        yield Finding(
            "unreadable-mails", "warn", f"{unread} mails cannot be read", fix="import them again"
        )
    if len(dataset.items) > MOST_MAILS:
        yield Finding(
            "looked-at",
            "pass",
            f"shares below are of {len(mails)} of {len(dataset.items)} mails, evenly chosen",
        )
    for rule in RULES:
        yield from rule(mails, config)
