"""May this bundle run here? Signature, identity, size, project, release counter, kit.

The seam for TUF is this function: roles, expiry and a trusted-time floor decide *before* it which
keys are trusted; what it checks stays.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge_agent.errors import UntrustedBundleError
from edge_agent.update.slots import SlotState
from kits.core.bundle import MAX_BUNDLE_BYTES, Bundle, open_file
from kits.core.discovery import get_kit
from kits.core.errors import BundleError, UsageError
from kits.core.hub_api import DesiredBundle
from kits.core.signing import PublicKey, verify


def check_statement(
    desired: DesiredBundle, trusted: tuple[PublicKey, ...], state: SlotState
) -> int:
    """Checks the hub's signed word before a byte is downloaded; returns the release number.

    Raises:
        UntrustedBundleError: not signed by a trusted key, about another bundle, or going back.
    """
    try:
        statement = verify(desired.statement, list(trusted))
    except BundleError as error:
        raise UntrustedBundleError(error.what, where=error.where, fix=error.fix) from error
    release = statement.get("release")
    if not isinstance(release, int) or isinstance(release, bool):
        raise UntrustedBundleError("the signed statement names no release")
    if statement.get("bundle") != desired.bundle:
        raise UntrustedBundleError("the signed statement is about another bundle")
    if statement.get("size") != desired.size or not 0 < desired.size <= MAX_BUNDLE_BYTES:
        raise UntrustedBundleError("the size is not the signed one")
    if state.project and statement.get("project") != state.project:
        raise UntrustedBundleError(
            f"made for the project {statement.get('project')!r}, this device runs {state.project!r}",
            fix="edge-agent apply BUNDLE, to change the project on purpose",
        )
    again = release == state.highest_release and desired.bundle == state.highest_bundle
    if release <= state.highest_release and not again:
        raise UntrustedBundleError(
            f"release {release} goes back: {state.highest_release} was accepted already",
            fix="roll out the old bundle again: it gets a new, higher release",
        )
    return release


def expected_disagreement(desired: DesiredBundle | None) -> float:
    """Share of verdicts that the gate saw change against the champion; 0 when it is not stated.

    Read from the statement whose signature `check_statement` has checked: a challenger that mends
    many false rejects must differ, and only the hub's key may say how much.
    """
    if desired is None:
        return 0.0
    stated = json.loads(desired.statement.payload).get("expected_disagreement", 0.0)
    return float(stated) if isinstance(stated, int | float) and 0 <= stated <= 1 else 0.0


def check_file(path: Path, desired: DesiredBundle) -> Bundle:
    """Checks the downloaded file against the signed statement; opens it.

    Raises:
        BundleError: damaged, another bundle, another size, or its kit is not installed here.
    """
    if path.stat().st_size != desired.size:
        raise UntrustedBundleError("the file has another size than the signed one")
    bundle = open_file(path)
    if bundle.id != desired.bundle:
        raise UntrustedBundleError("the file is not the signed bundle")
    try:
        get_kit(bundle.manifest.kit)
    except UsageError as error:
        raise BundleError(
            error.what, where=bundle.id[:12], fix="install the kit's package"
        ) from error
    return bundle
