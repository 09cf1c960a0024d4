"""Links are learned from by their page: what marks one visit, or who came, is taken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.lead_scoring._lead import decode_lead, lead_from_json
from kits.lead_scoring._links import without_visit
from tests.lead_scoring.reading.lead_files import put, read, table


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("https://firm.example/pricing?gclid=EAIaIQob", "https://firm.example/pricing"),
        ("/pricing?GCLID=x&utm_source=news#top", "/pricing?utm_source=news"),
        ("firm.example/?utm_campaign=kw12&page=", "firm.example/?utm_campaign=kw12"),
        ("/a?visit=3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/a"),
        ("/a?who=ann%40acme.example&lang=de", "/a?lang=de"),
        ("/a?s=aB3dE5gH7jK9mN1p", "/a"),
    ],
)
def test_what_marks_one_visit_is_taken_off(link: str, page: str) -> None:
    assert without_visit(link) == page


@pytest.mark.parametrize(
    "text",
    ["", "https://firm.example/pricing", "Can you deliver? price=low", "is it so?", "/a?utm_term=hydraulic_cylinders", "why?yes"],
)  # fmt: skip
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_visit(text) == text


def test_it_is_so_at_import_and_at_scoring_alike(tmp_path: Path) -> None:
    rows = [[n, f"https://firm.example/{'ab'[n % 2]}?gclid=Cj{n}", n % 2] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Landing page", "converted"], rows)))
    assert {lead.fields["Landing page"] for lead in found.leads} == {
        "https://firm.example/a",
        "https://firm.example/b",
    }
    assert not any(b"gclid" in one.content for one in found.samples)
    asked = lead_from_json({"id": "1", "fields": {"Landing page": rows[0][1]}})
    assert asked.fields == decode_lead(found.samples[0].content).fields
