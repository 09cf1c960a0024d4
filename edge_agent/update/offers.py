"""What the hub offers: is it news, is it signed, may it be begun? Every refusal says why, once."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.errors import MetadataError, UntrustedBundleError
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.update.install import Installer
from edge_agent.update.slots import Job, Signed, Slots
from edge_agent.update.verify import check_wish
from kits.core.errors import BundleError
from kits.core.hub_api import Desired, DesiredBundle


class Offers:
    """Judges wishes and hands the good ones to the installer.

    Args:
        signed: looks a target up in freshly verified metadata; see `Trust.signed`.
    """

    def __init__(
        self,
        slots: Slots,
        installer: Installer,
        signed: Callable[[str], Signed],
        alerts: Alerts,
    ) -> None:
        self._slots = slots
        self._installer = installer
        self._signed = signed
        self._alerts = alerts
        self._confirmed: int | None = None

    def consider(self, desired: Desired) -> None:
        """Takes a wish up, refuses it or leaves it as it is.

        Raises:
            HubUnreachableError: the hub does not answer: offer it again later.
        """
        wish = desired.bundle
        if wish is None or not self._is_news(wish):
            return
        state, voice = self._slots.state, self._installer.retreat.voice
        if wish.bundle == state.active and state.job is None:
            self._confirm(wish)
            return
        if self._installer.safe_mode:
            text = "the agent crashed repeatedly: nothing is installed until it has been up a while"
            self._alerts("safe-mode", "error", text)
            voice.say_once("pending", wish.deployment, text)
            return
        self._alerts("safe-mode", "info", "the agent stays up: bundles are installed again")
        try:
            self._check_not_denied(wish)
            signed = self._looked_up(wish)
        except MetadataError as error:
            voice.say_once("pending", wish.deployment, error.what)
        except BundleError as error:
            job = Job(bundle=wish.bundle, state="pending", deployment=wish.deployment)
            self._installer.retreat.refuse(job, error)
        else:
            job = Job(
                bundle=wish.bundle,
                state="downloading",
                deployment=wish.deployment,
                path=wish.path,
                signed=signed,
            )
            self._installer.begin(job)

    def _is_news(self, wish: DesiredBundle) -> bool:
        state, job = self._slots.state, self._slots.state.job
        if f"{wish.bundle}/{wish.deployment}" in state.refused:
            return False
        # who judges already is not disturbed; what is only on its way gives place to a newer wish
        return job is None or not (
            job.deployment == wish.deployment or job.state in ("shadow", "active")
        )

    def _check_not_denied(self, wish: DesiredBundle) -> None:
        denied = self._slots.state.denied.get(wish.bundle)
        if denied is not None:
            raise UntrustedBundleError(
                f"this bundle went back here before: {denied}",
                where=wish.bundle[:12],
                fix=f"edge-agent allow {wish.bundle[:12]}, at the device",
            )

    def _looked_up(self, wish: DesiredBundle) -> Signed:
        """What the engineer signed about a wish; tells a person when metadata is not believed."""
        try:
            signed = self._signed(wish.target)
        except MetadataError as error:
            self._alerts("metadata-refused", "error", error.what)
            raise
        self._alerts("metadata-refused", "info", "the hub's signed metadata is believed again")
        check_wish(wish, signed, self._slots)
        return signed

    def _confirm(self, wish: DesiredBundle) -> None:
        """The wish is what runs already: say so once per deployment.

        An older release of it is no step back (a stopped rollout leaves the old wish standing);
        only a newer one raises the counter.
        """
        if self._confirmed == wish.deployment:
            return
        try:
            signed = self._looked_up(wish)
        except BundleError as error:
            log("wish_runs_already", bundle=wish.bundle[:12], unsigned=error.what)
        else:
            self._slots.accept(signed.release)
        self._confirmed = wish.deployment
        self._installer.retreat.voice.say("committed", wish.deployment)
