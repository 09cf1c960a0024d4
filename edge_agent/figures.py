"""What the agent counts and measures, read from its parts, by the table of `health.py`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edge_agent.clock import CLOCK_TRUST, clock_trust
from edge_agent.errors import AgentConfigError
from edge_agent.health import METRICS, machine_figures
from edge_agent.signals.feed import Feed
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from edge_agent.agent import Agent


def figures(agent: Agent) -> dict[str, float]:
    """The metrics of `health.METRICS`, now."""
    line, health, selection = agent.line, agent.source.health, agent.selection
    values: dict[str, float] = {
        "captured": health.captured,
        "corrupt": health.corrupt + line.unreadable,
        "frames_dropped": health.dropped,
        "source_reconnects": health.reconnects,
        "source_failures": health.failures,
        "source_up": float(health.up),
        "model_failures": line.failures,
        "late": line.late,
        "latency_p95_ms": line.tally.p95_ms() or 0.0,
        "pixels_kept": sum(selection.kept.values()),
        "pixels_over_budget": selection.over_budget,
        "alerts_open": len(agent.alerts.open()),
        "watch_failures": agent.watch.failures,
        "healthy": float(not agent.vitals.ailment()),
        **{f"verdict_{v}": line.verdicts[v] for v in ("act", "pass", "review")},
        **machine_figures(agent.config.state_dir),
        **_outbox_figures(agent),
        **_sync_figures(agent),
        **_certificate_figures(agent),
        **_update_figures(agent),
        **_case_figures(agent),
        **_signal_figures(agent),
        **_mail_figures(agent),
    }
    for outcome in ("done", "late", "error"):
        counts = agent.dispatcher.counts().values()
        values[f"actions_{outcome}"] = sum(c.get(outcome, 0) for c in counts)
    return {info.name: float(values.get(info.name, 0.0)) for info in METRICS}


def _signal_figures(agent: Agent) -> dict[str, float]:
    """Of a source of machine signals; none of a camera."""
    feed = getattr(agent.source, "feed", None)
    if not isinstance(feed, Feed):
        return {}
    f = feed.figures
    return {
        "readings": f.readings,
        "readings_bad": f.bad,
        "readings_unbelieved": f.unbelieved,
        "readings_late": f.late,
        "readings_overflows": f.overflows,
        "source_clock_steps": feed.clock_steps,
        "ring_bytes": feed.ring.nbytes,
        "ring_shortened": feed.ring.shortened,
    }


def _mail_figures(agent: Agent) -> dict[str, float]:
    """Of a mailbox; none of any other source."""
    room = getattr(agent.source, "room", None)
    return dict(room.figures()) if room is not None else {}


def _case_figures(agent: Agent) -> dict[str, float]:
    watching = agent.watching
    f, recordings = watching.desk.figures, watching.recordings
    assets = watching.desk.assets().values()
    unkept = recordings.refused + recordings.empty if recordings is not None else 0
    return {
        "cases_open": sum(asset.case is not None for asset in assets),
        "cases_opened": f.opened,
        "case_steps": f.steps,
        "case_steps_suppressed": f.suppressed,
        "case_steps_lost": f.lost,
        "assets_watched": len(assets),
        "assets_shelved": sum(asset.shelf is not None for asset in assets),
        "alarm_floods": watching.desk.floods,
        "windows_unwatched": f.unwatched,
        "windows_folded": watching.folded,
        "sensor_faults": watching.sensor_faults,
        "recordings_kept": watching.recorded,
        "recordings_refused": unkept + watching.over_budget,
    }


def _update_figures(agent: Agent) -> dict[str, float]:
    retreat = agent.installer.retreat
    return {
        "updates_committed": agent.installer.committed,
        "updates_refused": retreat.refused,
        "updates_rolled_back": retreat.rolled_back,
        "updates_failures": agent.updater.failures,
        "crashes": agent.lives.crashes,
        "clock_behind": float(not agent.time_floor.synced),
    }


def _sync_figures(agent: Agent) -> dict[str, float]:
    sender = agent.sender
    if sender is None:
        return {}
    f, up, link = sender.figures, sender.upload_figures, sender.transport.figures
    return {
        "sync_connected": float(sender.connected),
        "sync_hub_away": float(sender.hub_away),
        "sync_frames": f.frames,
        "sync_rows": f.rows,
        "sync_resent": f.resent,
        "sync_acked_rows": f.acked_rows,
        "sync_rtt_ms": sender.rtt_s * 1000,
        "sync_failures": f.failures + f.bad_messages,
        "sync_unheard": link.unheard,
        "sync_connects": sender.transport.session,
        "sync_attempts": link.attempts,
        "sync_taken_over": link.taken_over,
        "sync_refused": link.refused,
        "sync_chunks": up.chunks,
        "sync_chunk_timeouts": up.chunk_timeouts,
        "sync_chunk_bytes": sender.uploads.chunk_bytes,
        "sync_blobs": up.blobs,
        "sync_blobs_refused": up.blobs_refused,
    }


def _outbox_figures(agent: Agent) -> dict[str, float]:
    backlog, counts, w = agent.outbox.backlog(), agent.outbox.counts(), agent.writer.figures
    rows = [count for name, count in counts.items() if name != "blobs"]
    return {
        "outbox_known": float(agent.outbox.openings > 0),
        "outbox_rows": sum(count.rows for count in rows),
        "outbox_bytes": sum(size for k, (_, size) in backlog.items() if k != "blobs"),
        "outbox_blobs": backlog["blobs"][0],
        "outbox_committed": sum(count.committed for count in rows),
        "outbox_declared_lost": sum(count.lost for count in rows),
        "outbox_blobs_lost": counts["blobs"].lost,
        "outbox_evicted": agent.outbox.evicted_rows,
        "outbox_damages": agent.outbox.damages,
        "outbox_refused": w.refused,
        "outbox_unwritten": float(agent.writer.unwritten if agent.writer.stuck else 0),
        "outbox_unstorable": agent.outbox.unstorable + w.unstorable,
        "outbox_thinned": w.thinned,
        "outbox_write_failures": w.failures,
        "outbox_commits": w.commits,
        "pixels_lost": w.pixels_lost,
        "disk_level": float(agent.disk.level),
        "clock_trust": CLOCK_TRUST[clock_trust()],
    }


def _certificate_figures(agent: Agent) -> dict[str, float]:
    ends = certificate_end(agent)
    return {} if ends is None else {"certificate_days": (ends - utc_now()) / timedelta(days=1)}


def certificate_end(agent: Agent) -> datetime | None:
    """When the device's certificate ends; None without one that can be read."""
    if agent.certificates is None:
        return None
    try:
        return agent.certificates.validity()[1]
    except AgentConfigError:
        return None  # an alert says so
