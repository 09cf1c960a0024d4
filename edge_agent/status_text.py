"""What `edge-agent status` says, in words, from the answer of `/status.json`; the verdict comes first."""

from __future__ import annotations

from typing import Any


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
        f" opened again {figures['source_reconnects']:.0f} times{_unjudged(figures)}",
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


def _unjudged(figures: dict[str, Any]) -> str:
    """All since the start: an alert has the number of the first time only."""
    count = figures["frames_dropped"]
    return f", {count:.0f} frames, files or windows not judged" if count else ""


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


def _waiting(figures: dict[str, Any]) -> str:
    """Who asks may be newer than the agent that runs, which has not each figure."""
    if not figures.get("outbox_known", 1.0):
        return "not known: the outbox could not be opened since the start"
    return (
        f"{figures['outbox_rows']:.0f} rows, {figures['outbox_blobs']:.0f} blobs,"
        f" {figures['outbox_bytes'] / 1e6:.1f} MB"
    )


def _in_memory(figures: dict[str, Any]) -> str:
    count = figures.get("outbox_unwritten", 0.0)
    return f", and {count:.0f} rows in memory that the disk does not take" if count else ""


def _lost(answer: dict[str, Any]) -> str:
    """Rows that never got a number stand in no gap row."""
    figures = answer["figures"]
    rows = [
        f"{count['declared_lost']:.0f} {name}"
        for name, count in answer["delivery"]["classes"].items()
        if count["declared_lost"]
    ]
    count = figures["outbox_refused"] + figures["outbox_thinned"]
    beside = (
        f"; beside that {count:.0f} rows since the start that the disk did not take"
        if count
        else ""
    )
    if not figures.get("outbox_known", 1.0):
        return f"not known{beside}"
    return f"{', '.join(rows) or 'nothing'}; {'' if count else 'all '}declared to the hub{beside}"


def delivery_lines(answer: dict[str, Any]) -> list[str]:
    """What they say of delivery."""
    figures, delivery = answer["figures"], answer["delivery"]
    ends = delivery["certificate_ends"]
    return [
        f"  waiting  {_waiting(figures)}{_in_memory(figures)}",
        f"  lost     {_lost(answer)}",
        f"  broker   {figures['sync_connects']:.0f} connections in"
        f" {figures['sync_attempts']:.0f} attempts, taken over"
        f" {figures['sync_taken_over']:.0f} times",
        f"  machine  clock trusted by {delivery['clock']}, disk {delivery['disk']},"
        f" {'certificate until ' + ends[:10] if ends else 'no certificate'}",
        *([f"  refused  {delivery['last_refusal']}"] if delivery["last_refusal"] else []),
    ]
