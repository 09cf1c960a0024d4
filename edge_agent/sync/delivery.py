"""The parts of delivery, built from the configuration, and the alerts their state deserves.

Composition only: nothing is decided here about rows, and nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edge_agent.certificates import Certificates
from edge_agent.config import AgentConfig
from edge_agent.enroll import Identity
from edge_agent.sources.base import Alerts
from edge_agent.sync.bandwidth import Bucket, Hours, Pace
from edge_agent.sync.disk import Disk, Level
from edge_agent.sync.mqtt import MqttTransport
from edge_agent.sync.mqtt_client import MqttSettings
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.writer import CommitPolicy, Writer
from kits.core.sample import utc_now
from kits.core.tls import Clock
from kits.core.topics import DeviceTopics

HUB_AWAY_S = 120.0
"""An alert reaches people when the hub is back: of one that was started anew there is nothing to tell."""
_DISK_WORDS = {
    Level.NO_BYTES: ("warning", "no bytes of samples are kept"),
    Level.THIN: ("warning", "no bytes of samples are kept and telemetry is thinned"),
    Level.ALERTS_FIRST: ("error", "no bytes of samples and no telemetry are kept"),
    Level.EMERGENCY: ("error", "only alerts and labels are stored"),
}


def open_outbox(config: AgentConfig) -> tuple[Disk, Outbox, Writer]:
    """What collects rows; the disk comes first, so that a full one gives up its ballast."""
    o = config.outbox
    disk = Disk(
        config.state_dir,
        ballast_bytes=o.ballast_bytes,
        marks=o.disk_marks,
        enough_bytes=o.budget_bytes,
    )
    outbox = Outbox(config.state_dir, o.budgets())
    policy = CommitPolicy(samples_ms=o.commit_samples_ms, telemetry_ms=o.commit_telemetry_ms)
    return disk, outbox, Writer(outbox, queue=o.queue, policy=policy, disk=disk)


def make_sender(
    config: AgentConfig,
    who: Identity,
    outbox: Outbox,
    on_desired: Callable[[bytes], None] = lambda _payload: None,
    clock: Clock = utc_now,
) -> Sender:
    """What brings them to the hub; the broker's certificate must not have ended at `clock`."""
    sync, topics = config.sync, DeviceTopics(who.site, who.device)
    settings = MqttSettings(
        host=who.mqtt.host,
        port=who.mqtt.port,
        client_id=f"kw-{who.site}-{who.device}",
        username=who.mqtt.username,
        password=who.mqtt.password,
        tls=Certificates(config.state_dir, clock=clock) if who.mqtt.tls else None,
        keepalive_s=sync.keepalive_s,
        window=sync.window,
        backoff_s=sync.backoff_s,
        backoff_max_s=sync.backoff_max_s,
        taken_over_s=sync.taken_over_s,
        online_topic=topics.online,
        subscriptions=(topics.ack, topics.desired),
    )
    return Sender(
        outbox,
        MqttTransport(settings),
        topics,
        resend_s=sync.resend_s,
        pace=Pace(sync.chunk_bytes, Bucket(sync.max_kbps), Hours(sync.blobs_between)),
        on_desired=on_desired,
    )


class DeliveryWatch:
    """Raises and clears alerts about delivery; `look` is called about once a second.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self,
        alerts: Alerts,
        disk: Disk,
        writer: Writer,
        sender: Sender | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._alerts = alerts
        self._disk = disk
        self._writer = writer
        self._sender = sender
        self._turned_away = 0
        self._clock = clock
        self._hub_seen_at = clock()

    def look(self) -> None:
        """Says what is wrong now, and what no longer is."""
        self._look_at_writer()
        self._look_at_disk()
        if self._sender is not None:
            self._look_at_sender(self._sender)

    def _tell(self, name: str, severity: str, text: str, *, over: str) -> None:
        """An alert while there is a text, its end when there is none."""
        self._alerts(name, severity if text else "info", text or over)

    def _look_at_writer(self) -> None:
        """Rows that cannot be stored; the alert itself waits for the disk and goes first."""
        figures = self._writer.figures
        before, self._turned_away = self._turned_away, figures.refused + figures.put_off
        bad = self._writer.stuck or self._turned_away > before
        text = "the disk does not take what is decided: "
        text += f"{figures.refused} rows refused so far" if figures.refused else "it waits"
        over = "the disk takes rows again"
        if figures.refused:
            over += f"; {figures.refused} were refused since the agent was started"
        self._tell("outbox-stuck", "error", text if bad else "", over=over)

    def _look_at_disk(self) -> None:
        severity, forbidden = _DISK_WORDS.get(self._disk.level, ("info", ""))
        text = (
            f"the disk is {self._disk.usage.percent:.0f} % full: {forbidden}" if forbidden else ""
        )
        self._tell("disk-full", severity, text, over="there is room on the disk again")

    def _look_at_sender(self, sender: Sender) -> None:
        self._tell("broker-refuses", "error", sender.alarm, over="the broker takes this device")
        if not sender.hub_away:
            self._hub_seen_at = self._clock()
        long = self._clock() - self._hub_seen_at >= HUB_AWAY_S
        away = "the broker takes rows, but no hub takes them in" if long else ""
        self._tell("hub-away", "warning", away, over="the hub takes rows in again")
        unknown = "blobs travel at any hour: this clock cannot be trusted"
        late = unknown if sender.uploads.hours.unknown else ""
        self._tell("blob-hours-ignored", "warning", late, over="the clock can be trusted again")
