"""What the hub says: what is withdrawn, what is news, is it signed, may it be begun?

Every refusal says why, once. Only what the hub was asked for counts; a message on the broker may be old.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.errors import MetadataError, UntrustedBundleError
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts
from edge_agent.update.install import Installer
from edge_agent.update.records import Job, Signed, Wish, refusal_key
from edge_agent.update.slots import Slots
from edge_agent.update.verify import check_wish
from kits.core.errors import BundleError
from kits.core.hub_api import Desired, DesiredBundle


class Offers:
    """Judges wishes and hands the good ones to the installer.

    Args:
        signed: looks a target up in freshly verified metadata; see `Trust.signed`.
        look: how what runs stands is looked at whenever the hub is heard; see `Standing.look`.
    """

    def __init__(
        self,
        slots: Slots,
        installer: Installer,
        signed: Callable[[str], Signed],
        alerts: Alerts,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._slots = slots
        self._installer = installer
        self._signed = signed
        self._alerts = alerts
        self._look = look
        self._confirmed = ""

    def consider(self, desired: Desired) -> None:
        """Stops what is withdrawn; takes a wish up, refuses it or leaves it as it is.

        Raises:
            HubUnreachableError: the hub does not answer: offer it again later.
        """
        self._withdraw(desired)
        self._look()
        wish = desired.bundle
        self._remember(wish)
        if wish is None or self._installer.retreat.unwritten:
            return
        self._tell_again(wish)
        if not self._is_news(wish):
            return
        state, voice = self._slots.state, self._installer.retreat.voice
        other = state.job is None or state.job.bundle != wish.bundle
        if other and self._installer.runs(wish.bundle) and wish.bundle not in state.denied:
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
            self._begin(wish, signed)

    def _withdraw(self, desired: Desired) -> None:
        """A wish that is not repeated proves nothing, its rollout may be paused: it must be named.

        Where the same bundle is wished for by a newer deployment, what is on its way goes on for that.
        """
        job, wish = self._slots.state.job, desired.bundle
        if job is None or (wish is not None and wish.bundle == job.bundle and self._is_news(wish)):
            return
        for withdrawn in desired.withdrawn:
            if job.deployment == withdrawn.deployment:
                self._installer.withdraw(f"withdrawn by the hub: {withdrawn.reason}")

    def _remember(self, wish: DesiredBundle | None) -> None:
        """What a person at the device overrules is the wish that stood then."""
        known = Wish() if wish is None else Wish(bundle=wish.bundle, deployment=wish.deployment)
        if known != self._slots.state.wish:
            try:
                self._slots.save(wish=known)
            except OSError as error:
                warn("wish_not_written", error=error)

    def _tell_again(self, wish: DesiredBundle) -> None:
        """What is wished for came to nothing before a restart: the hub may never have heard of it."""
        why = self._slots.state.refused.get(refusal_key(wish.bundle, wish.deployment))
        voice = self._installer.retreat.voice
        if why is not None and not voice.has_ended(wish.deployment):
            voice.say("failed", wish.deployment, why)

    def _is_news(self, wish: DesiredBundle) -> bool:
        job = self._slots.state.job
        if self._slots.refuses(wish.bundle, wish.deployment):
            return False
        if job is None or job.deployment is None:
            # what a person applied gives way to what was wished for afterwards
            return job is None or job.state not in ("shadow", "active") or job.bundle == wish.bundle
        if wish.deployment <= job.deployment:
            return False  # the one on its way, or an older one that shows through a pause
        # who judges already is not disturbed, but may do it under another number
        return job.state not in ("shadow", "active") or job.bundle == wish.bundle

    def _begin(self, wish: DesiredBundle, signed: Signed) -> None:
        job = self._slots.state.job
        if job is not None and job.bundle == wish.bundle and job.may_be_to_blame:
            self._installer.rename(job, wish.deployment, wish.path, signed)
            return
        self._installer.begin(
            Job(
                bundle=wish.bundle,
                state="downloading",
                deployment=wish.deployment,
                path=wish.path,
                signed=signed,
            )
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
        key = refusal_key(wish.bundle, wish.deployment)
        if self._confirmed == key:
            return
        if self._slots.state.job is not None:
            self._installer.withdraw("the hub wants what runs already")
        try:
            signed = self._looked_up(wish)
        except BundleError as error:
            log("wish_runs_already", bundle=wish.bundle[:12], unsigned=error.what)
        else:
            self._slots.accept(signed.release)
        self._slots.save(committed_by=wish.deployment)
        self._confirmed = key
        self._installer.retreat.voice.say("committed", wish.deployment)
