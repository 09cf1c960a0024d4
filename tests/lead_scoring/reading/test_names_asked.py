"""What columns are called in a table for a bundle: as where it learned, whatever other columns are beside them now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.kit import RawSample
from kits.lead_scoring import data
from kits.lead_scoring._features.spec import EncoderSpec, NumberColumn
from kits.lead_scoring._lead import decode_lead
from kits.lead_scoring.config import Config
from tests.lead_scoring.reading.lead_files import put, table

BOTH = ["Deal - Value", "Organization - Value"]


@pytest.mark.parametrize(
    ("learned", "there", "found"),
    [
        (["Deal - Value", "Organization - Value"], ["Deal - Value"], {"Deal - Value": 10.0}),
        (["Organization - Value"], BOTH, {"Value": 10.0, "Organization - Value": 11.0}),
        (["Value"], BOTH, {"Value": 10.0, "Organization - Value": 11.0}),
        (["Value"], ["Deal - Value"], {"Value": 10.0}),
        ([], BOTH, {"Value": 10.0, "Organization - Value": 11.0}),
        ([], ["Organization - Value"], {"Organization - Value": 10.0}),
    ],
)
def test_a_bundle_finds_its_columns_beside_others_of_the_same_bare_name(
    tmp_path: Path, learned: Sequence[str], there: Sequence[str], found: dict[str, float]
) -> None:
    header = ["Deal - ID", "Deal - Title", "Deal - Deal created", *there]
    row = ["77", "Offer", "2025-01-01", *("10", "11")[: len(there)]]
    path = put(tmp_path / "deals.csv", table(header, [row]))
    spec = EncoderSpec(columns=tuple(NumberColumn(name=name) for name in learned))
    config = {"encoder": spec.model_dump(mode="json")} if learned else {}
    (lead,) = [
        decode_lead(one.content)
        for one in data.read_like(path, "csv", Config(), config)
        if isinstance(one, RawSample)
    ]
    assert {name: value for name, value in lead.fields.items() if "Value" in name} == found
