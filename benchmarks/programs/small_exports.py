"""What CRMs, boards and forms of small firms export as a table."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported


def _freshsales(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M:%S +0000"
    return {
        "Deal id": 16_000 + 3 * d.n, "Deal name": f"Deal {d.n}", "Deal value": d.amount,
        "Deal stage": d.said("Won", "Lost", "New", "Follow-up"), "Lost reason": d.said("", "Price", ""),
        "Closed date": cell(d.closed, "%Y-%m-%d"), "Probability (%)": d.said(100, 0, 30, 50), "Expected close date": "",
        "Deal pipeline": "Default", "Type": "New Business", "Source": d.source, "Sales owner": d.owner,
        "Created at": cell(d.created, form), "Updated at": cell(d.updated, form), "Account name": d.firm,
        "Age (in days)": ((d.closed or d.updated) - d.created).days, "Employees": d.employees,
    }  # fmt: skip


def _trello(d: Deal) -> Row:
    return {
        "Card ID": f"{int(d.created.timestamp()):08x}{d.n:016x}", "Card Name": d.firm, "Card URL": "https://trello.com/c/x",
        "Card Description": "", "Labels": f"{d.source} (red)", "Members": d.owner, "Due Date": "", "Attachment Count": 0,
        "Checklist Item Total Count": 0, "Checklist Item Completed Count": 0, "Vote Count": 0,
        "Comment Count": d.draw.randrange(5), "Last Activity Date": cell(d.updated, "%Y-%m-%dT%H:%M:%S.000Z"),
        "List ID": d.said("l1", "l2", "l3"), "List Name": d.said("Gewonnen", "Verloren", "Angebot", "Neu"), "Board ID": "b1",
        "Board Name": "Vertrieb", "Archived": d.said("true", "true", "false"), "Start Date": "", "Due Complete": "false",
        "Mitarbeiter": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Freshsales export", _freshsales),
    exported("Trello export", _trello, without=["amount"]),
)
