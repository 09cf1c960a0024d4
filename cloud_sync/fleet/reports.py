"""The order of a device's reports: they take two ways, and the slower one may bring old news.

Over MQTT only the newest report travels, over HTTP all of them in order, after an outage too; the broker
repeats what it retains. What a report means for a rollout is `deployments.py`.
"""

from __future__ import annotations

from cloud_sync.store.models import Device
from kits.core.hub_api import DeploymentState, Reported
from kits.core.sample import utc_now

_BOOT_LENGTH = 64
_PAST_BOOTS = "past_boots"
_REMEMBERED = 16
_ENDS: frozenset[DeploymentState] = frozenset({"committed", "failed", "rolled_back"})


def take(device: Device, reported: Reported) -> Reported | None:
    """Notes what runs on a device if this is its newest report; what may be believed of it.

    Of an older report only the end of a deployment is news, and the reason for it: it is judged by
    what is known to run since. None: nothing is news.
    """
    known = device.reported
    past = known.get(_PAST_BOOTS, [])
    # cut, because reports had no bounds once
    boots = [str(boot)[:_BOOT_LENGTH] for boot in past] if isinstance(past, list) else []
    boot = str(known.get("boot", ""))[:_BOOT_LENGTH]
    if reported.boot and reported.boot == boot:
        newest = reported.sequence > _sequence(device)
    else:
        newest = not reported.boot or reported.boot not in boots
    if newest:
        if boot and boot != reported.boot:
            boots = [*boots, boot][-_REMEMBERED:]
        device.running_bundle = reported.bundle[:64]
        device.reported = {**reported.model_dump(mode="json"), _PAST_BOOTS: [*boots]}
        device.reported_at = device.last_seen_at = utc_now()
        return reported
    if reported.state not in _ENDS:
        return None
    return reported.model_copy(update={"bundle": device.running_bundle})


def _sequence(device: Device) -> int:
    known = device.reported.get("sequence", 0)
    return known if isinstance(known, int) else 0
