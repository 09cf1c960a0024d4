"""Signing releases: the next list of targets on top of the verified one, for one bundle more.

A release number is one more than the project's highest in what this machine has verified, whatever
the hub says. Returning to an older bundle is a release like any other.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from pydantic import JsonValue
from tuf.api.metadata import Metadata, Root, TargetFile, Targets

from kits.core.bundle import Bundle, open_bytes
from kits.core.errors import BundleError, UsageError
from kits.core.releases import MAX_METADATA_BYTES, Release, parse_target, read_release, target_path
from kits.toolchain.releasing import roots
from kits.toolchain.releasing.pending import Pending, text_of
from kits.toolchain.releasing.roots import Desk

_SAME_SHARE = 1e-6
"""A share is signed with six decimals."""


@dataclass(frozen=True)
class Signed:
    """A release that is in force.

    Attributes:
        is_new: signed now; False when it was there before.
        first: the hub's first root was made with it.
    """

    release: Release
    is_new: bool
    first: bool = False

    def as_json(self) -> dict[str, JsonValue]:
        """For `--json`."""
        return {
            "bundle": self.release.bundle,
            "project": self.release.project,
            "version": self.release.version,
            "release": self.release.release,
            "target": target_path(self.release.project, self.release.release),
            "expected_disagreement": self.release.expected_disagreement,
            "signed_now": self.is_new,
        }


def all_releases(targets: Targets) -> list[Release]:
    """What is released, the newest of each project last.

    Raises:
        BundleError: a target is no release.
    """
    found = [read_release(path, target.custom) for path, target in targets.targets.items()]
    return sorted(found, key=lambda one: (one.project, one.release))


def is_begun(desk: Desk) -> bool:
    """Whether the hub has a root that is trusted here; False: it has none at all.

    Raises:
        ConfigError: it has one, and this machine does not trust it.
    """
    if desk.trusted.known:
        return True
    served = desk.client.metadata("1.root.json", MAX_METADATA_BYTES[Root.type])
    if served is None:
        return False
    if desk.pending.exists():
        ours = Pending.read(desk.pending).root
        if Metadata[Root].from_bytes(served).signed_bytes == ours.signed_bytes:
            # the hub took our first root and its answer was lost
            desk.trusted.adopt(served)
            desk.pending.unlink()
            return True
    desk.trusted.refresh()  # says that this root is not trusted here, and what to do
    return True


def sign_release(
    desk: Desk,
    content: bytes,
    *,
    again: bool = False,
    expected: float | None = None,
    insist: bool = False,
) -> Signed:
    """Releases a bundle whose bytes the hub has.

    Args:
        content: the bundle's file.
        again: also when it was released before and is not the newest: a deliberate return.
        expected: share of verdicts that may change against the bundle before, upper bound.
        insist: a person named that share: where the newest release says another, a new one says this.

    Raises:
        BundleError: the bundle is damaged, or the hub's metadata is not what it was.
        UsageError: released before (or withdrawn) and not `again`, or `again` and never released.
        ConfigError: no targets key that the hub's root names is here.
        GateError: the first root needs more signatures.
    """
    bundle = open_bytes(content)
    if not is_begun(desk):
        if again:
            raise UsageError("nothing has been released at this hub yet", fix="kit publish")
        return _first(desk, bundle, content, expected)
    found = desk.trusted.refresh()
    there = _there(found.targets, bundle, again=again)
    if there is not None and (says_as_much(there, expected) or not insist):
        return Signed(there, is_new=False)
    targets = copy.deepcopy(found.targets)
    targets.version += 1
    release = _add(targets, bundle, content, expected)
    signed = roots.sign_targets(desk, targets, found.root)
    _send(desk, signed, release)
    return Signed(release, is_new=True)


def says_as_much(release: Release, expected: float | None) -> bool:
    """Whether that share of changed verdicts is what was signed with the release."""
    signed = release.expected_disagreement
    if signed is None or expected is None:
        return signed is expected
    return abs(signed - expected) < _SAME_SHARE


def _there(targets: Targets, bundle: Bundle, *, again: bool) -> Release | None:
    of_project = [
        release for release in all_releases(targets) if release.project == bundle.manifest.project
    ]
    before = [release for release in of_project if release.bundle == bundle.id]
    if again and not before:
        raise UsageError(
            "this bundle was never released", where=bundle.id[:12], fix="kit approve BUNDLE"
        )
    if not before:
        return None
    if before[-1].withdrawn is not None:
        if again:
            return None
        raise UsageError(
            f"this bundle was withdrawn: {before[-1].withdrawn}",
            where=bundle.id[:12],
            fix=f"kit release {bundle.id[:12]} --hub URL, to release it again on purpose",
        )
    if before[-1] != of_project[-1]:
        if again:
            return None
        raise UsageError(
            f"this bundle was release {before[-1].release}, and {of_project[-1].release} followed",
            where=bundle.id[:12],
            fix=f"kit release {bundle.id[:12]} --hub URL, to return to it on purpose",
        )
    return before[-1]


def _add(targets: Targets, bundle: Bundle, content: bytes, expected: float | None) -> Release:
    manifest = bundle.manifest
    numbers = [
        number
        for project, number in map(parse_target, targets.targets)
        if project == manifest.project
    ]
    release = Release(
        bundle=bundle.id,
        project=manifest.project,
        kit=manifest.kit,
        version=manifest.version,
        release=max(numbers, default=0) + 1,
        expected_disagreement=expected,
    )
    path = target_path(release.project, release.release)
    target = TargetFile.from_data(path, content, ["sha256"])
    target.unrecognized_fields["custom"] = release.as_custom()
    targets.targets[path] = target
    return release


def _first(desk: Desk, bundle: Bundle, content: bytes, expected: float | None) -> Signed:
    """The hub's first root and its first release go together."""
    if desk.keys.threshold > 1 and desk.pending.exists():
        pending = Pending.read(desk.pending)
    else:
        pending = roots.first_root(desk, desk.keys.threshold)
        pending.sign(desk.keys)
    targets = Targets(version=1)
    release = _add(targets, bundle, content, expected)
    pending.targets = roots.sign_targets(desk, targets, pending.root.signed)
    roots.send(desk, pending)
    return Signed(release, is_new=True, first=True)


def _send(desk: Desk, targets: Metadata[Targets], release: Release) -> None:
    desk.client.send_metadata(targets=text_of(targets))
    path = target_path(release.project, release.release)
    if path not in desk.trusted.refresh().targets.targets:
        raise BundleError("the hub says it took the release, but does not show it", where=path)
