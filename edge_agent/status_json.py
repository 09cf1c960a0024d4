"""What `/status.json` says of the agent; in words it is `status_text.py`, its figures are `figures.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from edge_agent.alarms import shown as cases
from edge_agent.clock import clock_trust
from edge_agent.figures import certificate_end, figures
from edge_agent.status import folder_name
from kits import __version__

if TYPE_CHECKING:
    from edge_agent.agent import Agent


_NAMES = {"a": "alerts", "l": "labels", "s": "samples", "t": "telemetry"}


def status(agent: Agent) -> dict[str, JsonValue]:
    """What `/status.json` says."""
    active = agent.line.active
    manifest = active.ready.bundle.manifest if active is not None else None
    sender = agent.sender
    return {
        "device": agent.identity.device if agent.identity else "",
        "site": agent.identity.site if agent.identity else "",
        "agent": __version__,
        "state_dir": folder_name(agent.config),
        "ailment": agent.vitals.ailment(),
        "bundle": active.id if active is not None else "",
        "bundle_name": f"{manifest.name} {manifest.version}" if manifest else "none",
        "provider": active.provider if active is not None else "",
        "update": _installation(agent),
        "hub": _reach(agent.updater.hub_reached),
        "broker": "not enrolled" if sender is None else _reach(sender.connected),
        "updates": _updates(agent),
        "delivery": _delivery(agent),
        "actions": {name: dict(counts) for name, counts in agent.dispatcher.counts().items()},
        "alerts": dict(agent.alerts.open()),
        "mailbox": getattr(agent.source, "room", None) is not None,
        "cases": cases.as_json(cases.worst_first(agent.watching.desk.assets())),
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
            for body in list(agent.line.recorder.recent)
        ],
    }


def _updates(agent: Agent) -> dict[str, JsonValue]:
    """The installation on its way, and what this device never takes again."""
    state = agent.slots.state
    job = state.job
    return {
        "bundle": job.bundle if job is not None else "",
        "state": job.state if job is not None else "",
        "waits_for": agent.installer.waits_for,
        "previous": state.previous,
        "releases": {project: mark.release for project, mark in state.highest.items()},
        "denied": dict(state.denied),
        "safe_mode": agent.installer.safe_mode,
        "not_earlier_than": agent.time_floor.time.isoformat(timespec="seconds"),
    }


def _delivery(agent: Agent) -> dict[str, JsonValue]:
    """Per class what waits, what was committed and what was lost; the clock; the certificate."""
    ends, link = certificate_end(agent), agent.sender
    waiting = agent.outbox.backlog()
    return {
        "epoch": agent.outbox.epoch,
        "disk": agent.disk.level.name.lower(),
        "clock": clock_trust(),
        "certificate_ends": ends.isoformat(timespec="seconds") if ends is not None else "",
        "last_refusal": link.alarm if link is not None else "",
        "classes": {
            _NAMES.get(key, key): {
                "waiting": count.rows,
                "waiting_bytes": waiting[key][1],
                "committed": count.committed,
                "acknowledged": count.acked,
                "declared_lost": count.lost,
            }
            for key, count in agent.outbox.counts().items()
        },
    }


def _installation(agent: Agent) -> str:
    job, waits_for = agent.slots.state.job, agent.installer.waits_for
    if job is None:
        return "none"
    return f"{job.bundle[:12]} {job.state}" + (f", waits for {waits_for}" if waits_for else "")


def _reach(reached: bool | None) -> str:
    return "not asked" if reached is None else "reached" if reached else "away"
