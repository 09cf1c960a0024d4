"""May this bundle run here? What was signed, the release counter, the bytes, the kit.

Pure checks: that the signatures hold was established in `trust.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from edge_agent.errors import UntrustedBundleError
from edge_agent.log import warn
from edge_agent.update.records import Signed
from edge_agent.update.slots import Slots
from kits.core.bundle import MAX_BUNDLE_BYTES, Bundle, open_file
from kits.core.discovery import get_kit
from kits.core.errors import BundleError, UsageError
from kits.core.hub_api import DesiredBundle

_PATH = re.compile(r"/v1/[A-Za-z0-9/_.-]{1,200}")
_PIECE = 1 << 20


def check_wish(wish: DesiredBundle, signed: Signed, slots: Slots) -> None:
    """Checks the hub's wish against what the engineer signed, before a byte is downloaded.

    Raises:
        UntrustedBundleError: it is about something else than was signed, or goes back.
    """
    release, state = signed.release, slots.state
    if _PATH.fullmatch(wish.path) is None:
        raise UntrustedBundleError("the hub names a strange path", where=wish.path[:100])
    if release.withdrawn is not None:
        raise UntrustedBundleError(
            f"release {release.release} was withdrawn: {release.withdrawn}",
            where=signed.target,
            fix="roll another bundle out",
        )
    if (release.bundle, release.release) != (wish.bundle, wish.release):
        raise UntrustedBundleError("what is signed is another bundle", where=signed.target)
    if signed.length > MAX_BUNDLE_BYTES:
        raise UntrustedBundleError(f"larger than {MAX_BUNDLE_BYTES} bytes", where=signed.target)
    if state.project and release.project != state.project:
        raise UntrustedBundleError(
            f"made for the project {release.project!r}, this device runs {state.project!r}",
            fix="edge-agent apply BUNDLE, to change the project on purpose",
        )
    highest = slots.highest(release.project)
    again = (release.release, release.bundle) == (highest.release, highest.bundle)
    if release.release <= highest.release and not again:
        raise UntrustedBundleError(
            f"release {release.release} goes back: {highest.release} was accepted already",
            fix="kit approve the old bundle again: it gets a new, higher release",
        )


def check_file(path: Path, signed: Signed) -> Bundle:
    """Checks a downloaded file against what was signed; opens it.

    Raises:
        UntrustedBundleError: another size, digest, bundle or project than was signed.
        BundleError: it is damaged inside, or its kit is not installed here.
    """
    if path.stat().st_size != signed.length:
        raise UntrustedBundleError("the file has another size than the signed one")
    if not is_intact(path, signed):
        raise UntrustedBundleError("the file is damaged: its digest is not the signed one")
    bundle = open_file(path)
    if bundle.id != signed.release.bundle:
        raise UntrustedBundleError("the file is not the signed bundle")
    try:
        get_kit(bundle.manifest.kit)
    except UsageError as error:
        raise BundleError(
            error.what, where=bundle.id[:12], fix="install the kit's package"
        ) from error
    if bundle.manifest.project != signed.release.project:
        raise UntrustedBundleError("the bundle was made for another project than was signed")
    return bundle


def is_intact(path: Path, signed: Signed) -> bool:
    """Whether a file holds the signed bytes; one that cannot be read does not."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError as error:
        warn("file_unreadable", file=path.name, error=error)
        return False
    return hmac.compare_digest(digest.hexdigest(), signed.sha256)
