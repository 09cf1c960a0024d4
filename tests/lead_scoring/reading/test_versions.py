"""Quotes that were revised: each version is a row, and all are one lead."""

from __future__ import annotations

from pathlib import Path

from tests.lead_scoring.reading.lead_files import Read, put, read, source, table


def quotes(folder: Path, ids: list[str], **stated: object) -> Read:
    """Quotes of which the last version was won and those before it were declined."""
    rows = [[one, "Won" if one.endswith("C") else "Declined", n % 7] for n, one in enumerate(ids)]
    path = put(folder / "quotes.csv", table(["Quote No", "Status", "Visits"], rows))
    return read(path, source(id="Quote No", **stated))


REVISED = [f"Q{n}-{one}" for n in range(100, 110) for one in "ABC"]
ONCE = [f"Q{n}" for n in range(200, 240)]


def test_versions_of_a_quote_are_told(tmp_path: Path) -> None:
    found = quotes(tmp_path, [*REVISED, *ONCE])
    assert found.levels("versions") == {"warn"} and len(found.leads) == 70
    assert "20 of 70 leads are earlier versions of others, by Quote No" in found.told("versions")
    [told] = [one for one in found.findings if one.check == "versions"]
    assert told.evidence[:2] == ("Q100-A before Q100-B", "Q100-B before Q100-C")


def test_the_newest_of_each_is_the_lead_where_that_is_stated(tmp_path: Path) -> None:
    found = quotes(tmp_path, [*REVISED, *ONCE], versions="newest")
    assert found.levels("versions") == {"pass"} and len(found.leads) == 50
    assert [lead.id for lead in found.leads[:2]] == ["Q100-C", "Q101-C"]
    assert found.labels.count("won") == 10
    assert not quotes(tmp_path, [*REVISED, *ONCE], versions="keep").told("versions")


def test_a_first_version_may_have_no_sign(tmp_path: Path) -> None:
    ids = [f"Q{n}{one}" for n in range(100, 110) for one in ("", " v2", " v3")]
    assert "20 of 70 leads" in quotes(tmp_path, [*ids, *ONCE]).told("versions")


def test_codes_that_end_in_letters_are_no_versions(tmp_path: Path) -> None:
    codes = [f"{n:x}" for n in range(40_000, 40_400, 3)]
    assert not quotes(tmp_path, codes).told("versions")
    assert not quotes(tmp_path, [f"{n:x}" for n in range(40_000, 40_300)]).told("versions")
    kinds = [f"K{n}{one}" for n in range(100, 140) for one in "BX"]
    assert not quotes(tmp_path, kinds).told("versions")
