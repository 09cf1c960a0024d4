"""Withdrawing releases: a signed mark in the list, after which no device installs them any more.

The list only grows, and whoever holds the hub may bring any release in force to any device below it;
so what is not to come back must be marked by who holds the keys. What runs goes on: a device stops for
nothing that is signed afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

from tuf.api.metadata import Targets

from kits.core.errors import BundleError, UsageError
from kits.core.releases import MAX_REASON, Release, parse_target, target_path
from kits.toolchain.releasing import roots
from kits.toolchain.releasing.pending import text_of
from kits.toolchain.releasing.releases import all_releases
from kits.toolchain.releasing.roots import Desk


def concerned(targets: Targets, word: str, *, older: bool = False) -> list[Release]:
    """The releases in force that are meant, the oldest first; none when all are withdrawn already.

    Args:
        word: `PROJECT/NUMBER`, or a bundle's id or its first 8 or more digits. All releases of the
            same bytes are meant, because the bytes are what is wrong.
        older: also every lower number of the project.

    Raises:
        UsageError: there is no such release.
    """
    everything = all_releases(targets)
    if "/" in word:
        named = [one for one in everything if _is(one, word)]
    else:
        long_enough = len(word) >= 8
        named = [one for one in everything if long_enough and one.bundle.startswith(word)]
    if len({(one.project, one.bundle) for one in named}) != 1:
        raise UsageError(
            "no such release",
            where=word[:100],
            fix="kit key status --hub URL lists the newest ones",
        )
    newest = named[-1]
    return [
        one
        for one in everything
        if one.project == newest.project
        and one.withdrawn is None
        and (one.bundle == newest.bundle or (older and one.release < newest.release))
    ]


def _is(release: Release, word: str) -> bool:
    try:
        return parse_target(f"{word}.kwb") == (release.project, release.release)
    except BundleError:
        return False


def clean_reason(text: str) -> str:
    """One line of at most so many characters. Raises UsageError when nothing is left."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_REASON]
    if not words:
        raise UsageError("devices and colleagues are told why", fix='--reason "misses scratches"')
    return words


def withdraw(desk: Desk, releases: Sequence[Release], reason: str) -> None:
    """Signs the list anew with these releases marked.

    Raises:
        BundleError: the hub says it took the list, but does not show it.
        ConfigError: no targets key that the hub's root names is here.
        DataError, UnreachableError: see `HubClient`.
    """
    found = desk.trusted.refresh()
    targets = copy.deepcopy(found.targets)
    targets.version += 1
    paths = [target_path(one.project, one.release) for one in releases]
    for path in paths:
        targets.targets[path].unrecognized_fields["custom"]["withdrawn"] = reason
    signed = roots.sign_targets(desk, targets, found.root)
    desk.client.send_metadata(targets=text_of(signed))
    shown = {target_path(one.project, one.release): one for one in _in_force(desk)}
    for path in paths:
        if path in shown:
            raise BundleError(
                "the hub says it withdrew the release, but still shows it", where=path
            )


def _in_force(desk: Desk) -> list[Release]:
    return [one for one in all_releases(desk.trusted.refresh().targets) if one.withdrawn is None]
