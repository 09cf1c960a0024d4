"""Rules about labels: enough of each, one matter per mail, something for all the rest, and enough to promise anything.

They count; whether labels can be learned at all is `noise.py`'s question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from kits.core.kit import Finding
from kits.core.labelling import spelled_otherwise
from kits.core.mail import folders
from kits.support_triage._checking.mails import Mail
from kits.support_triage._judging.bound import fewest
from kits.support_triage.config import Config

FEW = 5
"""Mails of a label from which something can be learned."""
FEW_SHOT = 20
"""Below about so many mails a label, counting words misleads more than it helps."""
_LARGEST_SHARE = 0.5
_IMBALANCE = 50
_USEFUL = 2_000
_SHOWN = 20
_LEVELS = ("::", "/", " > ", "\\")
"""What stands between a queue or folder and one below it."""
_LEAST_BELOW = 2


def _counts(mails: list[Mail], split: str = "") -> Counter[str]:
    """Labels of the labelled mails, several intents of one mail each for itself."""
    return Counter(
        intent for mail in mails if not split or mail.item.split == split for intent in mail.intents
    )


def few_per_label(mails: list[Mail]) -> Iterator[Finding]:
    """Labels that cannot be learned from what there is."""
    counts = _counts(mails, "train")
    few = {label: n for label, n in sorted(counts.items()) if n < FEW}
    if not counts:
        return
    if len(counts) == 1:
        yield Finding(
            "one-label",
            "fail",
            f"every labelled mail is {next(iter(counts))!r}: there is nothing to tell apart",
            fix="label mails of at least two kinds: kit label",
        )
    if few:
        yield Finding(
            "few-per-label",
            "warn",
            f"{len(few)} of {len(counts)} labels have fewer than {FEW} training mails",
            tuple(f"{label}: {n}" for label, n in list(few.items())[:_SHOWN]),
            "label more of them (kit label shows the most telling ones), or merge labels that are answered alike",
        )
    else:
        yield Finding(
            "few-per-label",
            "pass",
            f"each of {len(counts)} labels has {min(counts.values())} training mails or more",
        )


def promise(mails: list[Mail], config: Config) -> Iterator[Finding]:
    """Whether the validation part can carry the promised error rate."""
    epsilon, delta = config.bound.epsilon, config.bound.delta
    held_out = [mail.item.sample for mail in mails if mail.label and mail.item.split == "val"]
    # mails of one thread prove no more than one
    n = len({sample.group or sample.id for sample in held_out})
    least = fewest(epsilon, delta)
    together = "" if n == len(held_out) else f" in {n} threads"
    told = f"{len(held_out)} labelled validation mails{together}"
    if n < least:
        yield Finding(
            "promise",
            "warn",
            f"{told} cannot show that at most {epsilon:.1%} are wrong: it takes {least} without one error, so every"
            " mail goes to a person",
            fix=f"label {least - n} more mails for val; about {_USEFUL} make the automatic share useful",
        )
    elif n < _USEFUL / 2:
        yield Finding(
            "promise",
            "warn",
            f"{told} can carry the promise of {epsilon:.1%}, but only for the surest mails",
            fix=f"about {_USEFUL} validation mails make the automatic share useful",
        )
    else:
        yield Finding("promise", "pass", f"{told} can carry the promise of {epsilon:.1%}")


def few_shot(mails: list[Mail], config: Config) -> Iterator[Finding]:
    """Few mails a label: the network knows more than counted words."""
    counts = _counts(mails, "train")
    if len(counts) < 2:
        return
    middle = median(counts.values())
    if middle < FEW_SHOT and config.approach in ("auto", "ngrams"):
        level = "warn" if config.approach == "ngrams" else "pass"
        yield Finding(
            "few-shot",
            "warn" if level == "warn" else "pass",
            f"the middle label has {middle:.0f} training mails: below about {FEW_SHOT} counted words mislead"
            + (
                ""
                if level == "warn"
                else "; approach auto asks a network as well, where that gains"
            ),
            fix="approach: encoder" if level == "warn" else "",
        )


def unbalanced(mails: list[Mail], config: Config) -> Iterator[Finding]:
    """One label that is most of the mails makes accuracy look good."""
    counts = _counts(mails)
    for name in config.out_of_scope:
        counts.pop(name, None)
    total = counts.total()
    if len(counts) < 2 or total < 20:
        return
    (largest, most), (rarest, least) = counts.most_common()[0], counts.most_common()[-1]
    if most / total > _LARGEST_SHARE or most / least > _IMBALANCE:
        yield Finding(
            "unbalanced-labels",
            "warn",
            f"{largest!r} is {most / total:.0%} of the labels, {rarest!r} {least} mails: always saying {largest!r} is"
            f" right in {most / total:.0%}",
            (f"{largest}: {most}", f"{rarest}: {least}"),
            "look at macro_f1 and at the rows by label, not at accuracy alone",
        )


def several_intents(mails: list[Mail]) -> Iterator[Finding]:
    """Mails that are about more than one thing."""
    labelled = [mail for mail in mails if mail.label]
    several = [mail for mail in labelled if len(mail.intents) > 1]
    if not several:
        return
    share = len(several) / len(labelled)
    most = Counter(mail.label for mail in several).most_common(5)
    yield Finding(
        "several-intents",
        "warn",
        f"{len(several)} of {len(labelled)} labelled mails ({share:.0%}) have several intents; a mail is decided"
        " without a person only when all of them are sure",
        tuple(f"{label}: {n}" for label, n in most),
        "where one intent decides who answers, label only that one: the rest then needs no person",
    )


def out_of_scope(mails: list[Mail], config: Config) -> Iterator[Finding]:
    """Without mails that are about nothing known, nobody measures what happens to them."""
    counts = _counts(mails)
    found = sum(counts[name] for name in config.out_of_scope)
    if not counts or len(counts) == 1:
        return
    for name, label in spelled_otherwise(config.out_of_scope, counts).items():
        yield Finding(
            "out-of-scope-spelled",
            "fail",
            f"mails are labelled {label!r}, and {name!r} means none of the intents: {label!r} is learned as an intent",
            fix=f"name {label!r} in model.out_of_scope, too, or rename it: kit label --rename '{label}={name}'",
        )
    if not found:
        yield Finding(
            "out-of-scope-missing",
            "warn",
            f"no mail is labelled {config.out_of_scope[0]!r}: whether mails about something else are noticed cannot be"
            " measured",
            fix=f"label some that belong to no intent as {config.out_of_scope[0]!r}, 50 or more in val and test",
        )
    else:
        yield Finding("out-of-scope", "pass", f"{found} mails belong to none of the intents")


def default_folder(mails: list[Mail]) -> Iterator[Finding]:
    """A label that is only the place where mails lie when nobody sorted them."""
    counts = _counts(mails)
    for label, n in sorted(counts.items()):
        below = sum(other.startswith(tuple(label + mark for mark in _LEVELS)) for other in counts)
        if folders.plain(label) in folders.INBOXES:
            what = "is a mailbox's own folder, not a matter"
        elif folders.plain(label) in folders.DESK_QUEUES:
            what = "is where a help desk lays what nobody has sorted, not a matter"
        elif below >= _LEAST_BELOW:
            what = f"lies above {below} others: perhaps nobody has sorted these"
        else:
            continue
        yield Finding(
            "label-is-a-place",
            "warn",
            f"the label {label!r} ({n} mails) {what}",
            (label,),
            f"in mails.yaml: labels: {{{label}: ''}}, and import again with --replace",
        )
