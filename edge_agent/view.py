"""What the agent shows of itself: figures by the table of `health.py`, and its status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from edge_agent.health import METRICS, machine_figures
from kits import __version__

if TYPE_CHECKING:
    from edge_agent.agent import Agent


def figures(agent: Agent) -> dict[str, float]:
    """The metrics of `health.METRICS`, now."""
    line, health, selection = agent.line, agent.source.health, agent.selection
    backlog = agent.outbox.backlog()
    values: dict[str, float] = {
        "captured": health.captured,
        "corrupt": health.corrupt + line.unreadable,
        "frames_dropped": health.dropped,
        "source_reconnects": health.reconnects,
        "source_up": float(health.up),
        "model_failures": line.failures,
        "late": line.late,
        "latency_p95_ms": line.tally.p95_ms() or 0.0,
        "pixels_kept": sum(selection.kept.values()),
        "pixels_over_budget": selection.over_budget,
        "outbox_rows": sum(rows for k, (rows, _) in backlog.items() if k != "blobs"),
        "outbox_bytes": sum(size for k, (_, size) in backlog.items() if k != "blobs"),
        "outbox_blobs": backlog["blobs"][0],
        "outbox_evicted": agent.outbox.evicted_rows,
        "outbox_refused": agent.writer.refused,
        "outbox_write_failures": agent.writer.failures,
        "pixels_lost": agent.writer.pixels_lost,
        "alerts_open": len(agent.alerts.open()),
        **{f"verdict_{v}": line.verdicts[v] for v in ("act", "pass", "review")},
        **machine_figures(agent.config.state_dir),
        **_sync_figures(agent),
    }
    for outcome in ("done", "late", "error"):
        counts = agent.dispatcher.counts().values()
        values[f"actions_{outcome}"] = sum(c.get(outcome, 0) for c in counts)
    return {info.name: float(values.get(info.name, 0.0)) for info in METRICS}


def _sync_figures(agent: Agent) -> dict[str, float]:
    if agent.sender is None:
        return {}
    f = agent.sender.figures
    return {
        "sync_connected": float(agent.sender.connected),
        "sync_frames": f.frames,
        "sync_rows": f.rows,
        "sync_resent": f.resent,
        "sync_acked_rows": f.acked_rows,
        "sync_chunks": f.chunks,
        "sync_chunk_timeouts": f.chunk_timeouts,
        "sync_blobs": f.blobs,
        "sync_blobs_refused": f.blobs_refused,
    }


def status(agent: Agent) -> dict[str, JsonValue]:
    """What `/status.json` says."""
    active, job = agent.line.active, agent.slots.state.job
    manifest = active.ready.bundle.manifest if active is not None else None
    sender = agent.sender
    return {
        "device": agent.identity.device if agent.identity else "",
        "site": agent.identity.site if agent.identity else "",
        "agent": __version__,
        "bundle": active.id if active is not None else "",
        "bundle_name": f"{manifest.name} {manifest.version}" if manifest else "none",
        "provider": active.provider if active is not None else "",
        "update": f"{job.bundle[:12]} {job.state}" if job is not None else "none",
        "hub": _reach(agent.updater.hub_reached),
        "broker": "not enrolled" if sender is None else _reach(sender.connected),
        "alerts": dict(agent.alerts.open()),
        "figures": dict(figures(agent)),
        "recent": [
            {
                "captured_at": body.captured_at.isoformat(timespec="seconds"),
                "source": body.source,
                "verdict": body.verdict,
                "label": body.label,
                "score": body.score,
                "ms": body.latency_ms.get("total"),
                "kept_for": body.kept_for,
                "actions": dict(body.actions),
            }
            for body in list(agent.line.recent)
        ],
    }


def _reach(reached: bool | None) -> str:
    return "not asked" if reached is None else "reached" if reached else "away"
