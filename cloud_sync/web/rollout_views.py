"""What the pages say of a rollout."""

from __future__ import annotations

from cloud_sync.fleet import waves
from cloud_sync.store.models import Rollout


def waves_of(rollout: Rollout) -> list[dict[str, object]]:
    """The waves of a rollout: how far each is, and in words what it waits for."""
    rows: list[dict[str, object]] = []
    for number, devices in enumerate(waves.counts(rollout)):
        if not devices:
            continue  # its devices moved into an earlier wave
        committed = sum(d.wave == number and d.state == "committed" for d in rollout.deployments)
        stage = "past" if number < rollout.wave else ("open" if number == rollout.wave else "later")
        text = ""
        if rollout.state in ("running", "paused"):
            watched = stage == "open" and rollout.soak_until is not None
            text = "watched before the next" if watched else ("" if stage == "past" else stage)
        rows.append(
            {
                "number": number + 1,
                "devices": devices,
                "committed": committed,
                "stage": stage,
                "text": text,
            }
        )
    return rows
