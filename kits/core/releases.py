"""Releases: what the release engineer signs about a bundle, as the `custom` part of a TUF target.

A target `{project}/{release}.kwb` names a bundle's bytes by length and SHA-256 and carries a
`Release`. The number counts up per project and never goes back on a device: a deliberate return to
an older bundle is a new release that points at old bytes. A release stays in the list for good; one
that must not be installed any more is marked as withdrawn.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.errors import BundleError

MAX_METADATA_BYTES = {
    "root": 512_000,
    "timestamp": 16_384,
    "snapshot": 2_000_000,
    "targets": 5_000_000,
}
"""Largest metadata file of each TUF role that hub, engineer and device take, bytes."""

MAX_REASON = 200
"""Longest reason of a withdrawal, characters."""
_TARGET = re.compile(r"(?P<project>[a-z0-9][a-z0-9._-]{0,62})/(?P<release>[1-9][0-9]{0,8})\.kwb")


class Release(BaseModel):
    """One release of a project, vouched for by the targets key."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    bundle: str = Field(pattern="^[0-9a-f]{64}$")
    project: str
    kit: str
    version: int
    release: int = Field(gt=0)
    expected_disagreement: float | None = Field(
        None, ge=0, le=1, description="share of verdicts that may change, as the engineer saw it"
    )

    withdrawn: str | None = Field(
        None, min_length=1, max_length=MAX_REASON, description="why; None: it is in force"
    )

    def as_custom(self) -> dict[str, JsonValue]:
        """What stands in the target: canonical JSON, which is what is signed, knows no fractions."""
        value: dict[str, JsonValue] = self.model_dump(mode="json", exclude_none=True)
        if self.expected_disagreement is not None:
            value["expected_disagreement"] = f"{self.expected_disagreement:.6f}"
        return value


def target_path(project: str, release: int) -> str:
    """The path of a release among the targets."""
    return f"{project}/{release}.kwb"


def parse_target(path: str) -> tuple[str, int]:
    """(project, release) of a target path.

    Raises:
        BundleError: it is none.
    """
    match = _TARGET.fullmatch(path)
    if match is None:
        raise BundleError("not the path of a release", where=path[:100])
    return match["project"], int(match["release"])


def is_withdrawal(old: object, new: object) -> bool:
    """Whether the `custom` part of a target differs in that it is marked as withdrawn, and only so.

    A mark that is there stays as it is.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    reason = new.get("withdrawn")
    marked = {**old, "withdrawn": reason}
    return isinstance(reason, str) and "withdrawn" not in old and marked == new


def read_release(path: str, custom: object) -> Release:
    """The release a target carries.

    Args:
        custom: of the target; part of what was signed, but not necessarily by us.

    Raises:
        BundleError: it carries none, or it does not belong to the path.
    """
    project, number = parse_target(path)
    try:
        release = Release.model_validate(custom)
    except ValidationError as error:
        raise BundleError("this target does not describe a release", where=path) from error
    if (release.project, release.release) != (project, number):
        raise BundleError("this target describes another release", where=path)
    return release
