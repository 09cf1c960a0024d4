"""Demo data: a made-up firm's contacts of a year with what became of them, and the leads of the months after.

Everything is drawn from a seed with `_simulated/`; nothing is downloaded, and nothing is claimed from it. The export
holds what real ones do: columns that sales fill in later, empty cells, a column about the person's gender, a base rate
that rises, and a channel that opens only after the first model was made.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from kits.core.story import DemoStory, HubCircle, HubStep
from kits.lead_scoring._simulated.export import write_contacts, write_records
from kits.lead_scoring._simulated.firm import START, make_leads
from kits.lead_scoring._simulated.shown_crm import RECORDS, connect, decide, score, score_anew

STORY = DemoStory(
    learns_from="a year of contacts",
    data="contacts",
    sample="lead",
    content="fields",
    harmless="lost",
    finds="won",
    action="write",
    answers={"per_month": "40", "incoming_per_month": "200", "value": "900", "contact": "25"},
    figures={
        "auc": "area under the curve",
        "lift_at_10": "best tenth buys so many times as often",
        "ece": "error of the probabilities",
    },
    honest="all leads are made up: no figure says anything about yours. The formula behind them is plain, so the\n"
    "order of real leads will be harder to learn; the way through the hub and the CRM is the real one.",
    hub=HubCircle(
        first=(
            HubStep("connect the CRM", connect),
            HubStep("score leads as they come", score),
            HubStep("leads are won and lost", decide),
        ),
        second=(HubStep("the better bundle scores anew", score_anew),),
    ),
)
CONTACTS, COMING = 2_000, 2_000
YEAR = 365.0


def generate(folder: Path, seed: int) -> None:
    """Writes the files of `STORY` to `folder`, and what the CRM will hold.

    - `contacts/contacts.csv`: leads of a year with their outcome, as sales export them.
    - `crm/records.jsonl`: leads of the months after, for `cloud-sync crm simulate --records`, each with what will
      become of it.
    """
    past = make_leads(seed, CONTACTS, days=YEAR)
    write_contacts(folder / STORY.data / "contacts.csv", past)
    coming = make_leads(
        seed + 1,
        COMING,
        start=START + timedelta(days=YEAR),
        days=YEAR / 2,
        first=20_001,
        partner=True,
    )
    write_records(folder / RECORDS, coming)
