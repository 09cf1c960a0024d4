"""What the agent shows of itself: figures by the table of `health.py`, and its status."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from edge_agent.alarms import shown as cases
from edge_agent.clock import CLOCK_TRUST, clock_trust
from edge_agent.errors import AgentConfigError
from edge_agent.health import METRICS, machine_figures
from edge_agent.signals.feed import Feed
from edge_agent.status import folder_name
from kits import __version__
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from edge_agent.agent import Agent


_NAMES = {"a": "alerts", "l": "labels", "s": "samples", "t": "telemetry"}


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
        "outbox_rows": sum(count.rows for count in rows),
        "outbox_bytes": sum(size for k, (_, size) in backlog.items() if k != "blobs"),
        "outbox_blobs": backlog["blobs"][0],
        "outbox_committed": sum(count.committed for count in rows),
        "outbox_declared_lost": sum(count.lost for count in rows),
        "outbox_blobs_lost": counts["blobs"].lost,
        "outbox_evicted": agent.outbox.evicted_rows,
        "outbox_damages": agent.outbox.damages,
        "outbox_refused": w.refused,
        "outbox_unstorable": agent.outbox.unstorable + w.unstorable,
        "outbox_thinned": w.thinned,
        "outbox_write_failures": w.failures,
        "outbox_commits": w.commits,
        "pixels_lost": w.pixels_lost,
        "disk_level": float(agent.disk.level),
        "clock_trust": CLOCK_TRUST[clock_trust()],
    }


def _certificate_figures(agent: Agent) -> dict[str, float]:
    ends = _certificate_end(agent)
    return {} if ends is None else {"certificate_days": (ends - utc_now()) / timedelta(days=1)}


def _certificate_end(agent: Agent) -> datetime | None:
    if agent.certificates is None:
        return None
    try:
        return agent.certificates.validity()[1]
    except AgentConfigError:
        return None  # an alert says so


def _delivery(agent: Agent) -> dict[str, JsonValue]:
    """Per class what waits, what was committed and what was lost; the clock; the certificate."""
    ends, link = _certificate_end(agent), agent.sender
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


def _installation(agent: Agent) -> str:
    job, waits_for = agent.slots.state.job, agent.installer.waits_for
    if job is None:
        return "none"
    return f"{job.bundle[:12]} {job.state}" + (f", waits for {waits_for}" if waits_for else "")


def status_lines(answer: dict[str, Any]) -> list[str]:
    """What `edge-agent status` says, from the answer of `/status.json`; the verdict comes first."""
    figures, ailment = answer["figures"], answer["ailment"]
    runs = f"running {answer['bundle_name']} on {answer['provider'] or 'nothing'}"
    actions = [
        f"  action   {name}: {' · '.join(f'{n} {how}' for how, n in counts.items()) or 'none yet'}"
        for name, counts in answer["actions"].items()
    ]
    denied = [
        f"  denied   {bundle[:12]}: {why}" for bundle, why in answer["updates"]["denied"].items()
    ]
    return [
        f"not healthy: {ailment}; {runs}" if ailment else runs,
        f"  device   {answer['device'] or 'not enrolled'}",
        f"  hub      {answer['hub']}, broker {answer['broker']}",
        f"  source   {'gives samples' if figures['source_up'] else 'gives nothing'},"
        f" opened again {figures['source_reconnects']:.0f} times",
        f"  update   {answer['update']}",
        *denied,
        f"  verdicts act {figures['verdict_act']:.0f}, review {figures['verdict_review']:.0f},"
        f" pass {figures['verdict_pass']:.0f}",
        *actions,
        *_case_lines(answer),
        *_mail_lines(answer),
        *delivery_lines(answer),
        *(f"  alert    {text}" for text in answer["alerts"].values()),
    ]


def _case_lines(answer: dict[str, Any]) -> list[str]:
    """One line per open case."""
    return [
        f"  case     {one['asset']}: {one['level']}, {one['case']['state']}"
        for one in answer["cases"]
        if one["case"] is not None
    ]


def _mail_lines(answer: dict[str, Any]) -> list[str]:
    """What was done in a mailbox; nothing at any other source."""
    if not answer.get("mailbox"):
        return []
    figures = answer["figures"]
    gate = "open" if figures["mail_gate_open"] else "closed: every mail goes to a person"
    return [
        f"  mail     {figures['mails_filed']:.0f} filed, {figures['mails_waiting']:.0f} waiting,"
        f" {figures['mails_drafted']:.0f} drafts ({figures['drafts_accepted']:.0f} sent as they were,"
        f" {figures['drafts_edited']:.0f} changed, {figures['drafts_discarded']:.0f} not used)",
        f"  gate     {gate}",
    ]


def delivery_lines(answer: dict[str, Any]) -> list[str]:
    """What they say of delivery."""
    figures, delivery = answer["figures"], answer["delivery"]
    lost = [
        f"{count['declared_lost']:.0f} {name}"
        for name, count in delivery["classes"].items()
        if count["declared_lost"]
    ]
    ends = delivery["certificate_ends"]
    return [
        f"  waiting  {figures['outbox_rows']:.0f} rows, {figures['outbox_blobs']:.0f} blobs,"
        f" {figures['outbox_bytes'] / 1e6:.1f} MB",
        f"  lost     {', '.join(lost) or 'nothing'}; all declared to the hub",
        f"  broker   {figures['sync_connects']:.0f} connections in"
        f" {figures['sync_attempts']:.0f} attempts, taken over"
        f" {figures['sync_taken_over']:.0f} times",
        f"  machine  clock trusted by {delivery['clock']}, disk {delivery['disk']},"
        f" {'certificate until ' + ends[:10] if ends else 'no certificate'}",
        *([f"  refused  {delivery['last_refusal']}"] if delivery["last_refusal"] else []),
    ]


def _reach(reached: bool | None) -> str:
    return "not asked" if reached is None else "reached" if reached else "away"
