"""What is said once a batch stands in the database: acknowledgements, figures, the log."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import Refused
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import Outcome
from cloud_sync.seldom import Seldom
from kits.core.frames import Ack, BlobAck, encode_ack, to_ranges
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics

log = logging.getLogger(__name__)

LOGGED_A_MINUTE = 60
"""Refusals that are written to the log; all are counted. One device that says nonsense must not fill the disk."""


@dataclass
class Done:
    """What one transaction did.

    Attributes:
        seqs: (device, epoch) → numbers that are safe now.
        blobs: what devices should hear about their blobs.
        refused: messages that were not taken.
        quarantined: how many of those were kept for a person.
        sites: device → site of those that were heard.
    """

    outcome: Outcome = field(default_factory=Outcome)
    seqs: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    blobs: list[PartAck] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    quarantined: int = 0
    sites: dict[str, str] = field(default_factory=dict)


class Answers:
    """Says it.

    Args:
        hub: whose figures.
        link: to the devices.
        parts: knows which uploads are due for an answer.
    """

    def __init__(self, hub: Hub, link: MqttLink, parts: Parts) -> None:
        self._metrics = hub.metrics
        self._link = link
        self._parts = parts
        self._sites: dict[str, str] = {}
        self._lines = Seldom(LOGGED_A_MINUTE, 60.0)

    def give(self, batch: Sequence[Message], done: Done) -> None:
        """To be called after the commit."""
        for message in batch:
            self._link.acknowledge(message)
        self._sites.update(done.sites)
        self._count(done)
        self._acknowledge(done)

    def _acknowledge(self, done: Done) -> None:
        blobs: dict[tuple[str, str], dict[str, BlobAck]] = defaultdict(dict)
        for part in (*self._parts.due(), *done.blobs):
            blobs[part.device, part.epoch][part.digest] = part.ack
        for device, epoch in {**done.seqs, **blobs}:
            site = self._sites.get(device)
            if site is None:
                continue
            ack = Ack(
                epoch=epoch,
                ranges=to_ranges(done.seqs.get((device, epoch), [])),
                blobs=blobs.get((device, epoch), {}),
            )
            # lost acknowledgements are harmless: the device sends again and is answered again
            self._link.publish(DeviceTopics(site, device).ack, encode_ack(ack))

    def _count(self, done: Done) -> None:
        metrics = self._metrics
        for klass, rows in done.outcome.rows.items():
            metrics.rows.labels(klass).inc(rows)
        metrics.duplicates.inc(done.outcome.duplicates)
        metrics.quarantined.inc(done.quarantined)
        metrics.unknown_bundle.inc(done.outcome.unknown_bundle)
        if done.outcome.newest is not None:
            metrics.lag.set((utc_now() - done.outcome.newest).total_seconds())
        for refused in done.refused:
            metrics.refused.labels(refused.reason).inc()
            self._log("event=refused reason=%r detail=%r", refused.reason, refused.detail)
        for reason in done.outcome.odd:
            metrics.refused.labels(reason).inc()
            self._log("event=row_kept_as_event_only reason=%r", reason)

    def _log(self, event: str, *values: str) -> None:
        left_out = self._lines.ask()
        if left_out is not None:
            log.warning(f"{event} left_out=%d", *values, left_out)
