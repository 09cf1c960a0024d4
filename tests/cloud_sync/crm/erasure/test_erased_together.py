"""Many persons are erased by one pass through the dataset versions: the same is gone as one by one, and each file is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.crm.erasure.forgetting import forget_all
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import audit
from cloud_sync.learning.datasets import describe, read
from cloud_sync.learning.version_lines import FEW, VersionLines, read_lines
from cloud_sync.store.models import AuditLog, CrmLead
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.storage import Storage
from kits.core.dataset import DatasetHeader, build, to_bytes
from kits.core.errors import DataError
from kits.core.sample import digest_of, key_of
from kits.toolchain.project import Project
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_lead_states import FIRMS, bring, is_of, project, send
from tests.cloud_sync.plans import asked

pytestmark = pytest.mark.postgresql_in_all

__all__ = ["project"]
FIRM = FIRMS[0]
NOTE = "without some"


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path / "hub", database_url) as made:
        is_of(made, FIRM)
        yield made


@pytest.fixture
def versions(here: LeadHub, project: Project) -> list[str]:
    """Four versions; the lead of the test differs in all of them, thirty others are in each."""
    made = [bring(project, FIRM, f"{size}.csv", size=size) for size in (10, 20, 30, 40)]
    for one in made:
        send(here, one)
    return [one.id for one in made]


def names_in(here: LeadHub) -> Counter[str]:
    """Key → how many versions in force have it."""
    with here.hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    return Counter(
        key_of(item.sample) for version in there for item in read(here.hub.storage, version).items
    )


def test_many_are_gone_from_all_versions_and_each_file_is_read_twice_at_most(
    here: LeadHub, versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [FIRM.asked, *(f"902{40 + n}" for n in range(12))]
    here.due(*wanted)
    before = names_in(here)
    reads: Counter[str] = Counter()
    get = Storage.get
    monkeypatch.setattr(
        Storage, "get", lambda self, digest: (reads.update([digest]), get(self, digest))[1]
    )
    told: list[tuple[int, int]] = []
    done = forget_all(
        here.hub, [(SALES, one) for one in wanted], by="ada", told=lambda n, of: told.append((n, of))
    )  # fmt: skip
    assert done.versions == 4 and {one.versions for one in done.leads} == {4}
    assert told == [(n, 4) for n in (1, 2, 3, 4)] * 2
    assert max(reads[version] for version in versions) == 2, "looked through once, replaced once"
    gone = {f"HubSpot deals:{one}" for one in wanted}
    after = names_in(here)
    assert after == Counter({key: n for key, n in before.items() if key not in gone}) and after
    with here.hub.database.session() as session:
        assert session.scalar(select(func.count()).where(CrmLead.opted_out)) == len(wanted)
        rows = select(func.count()).where(AuditLog.what == "leads.erase")
        assert session.scalar(rows) == len(wanted)


def test_one_that_is_no_lead_keeps_all_from_being_erased(
    here: LeadHub, versions: list[str]
) -> None:
    here.due(FIRM.asked)
    before = names_in(here)
    with pytest.raises(NotFoundError, match="2 of 3 are no leads here: nothing was erased") as said:
        forget_all(here.hub, [(SALES, one) for one in (FIRM.asked, "7", "8")], by="ada")
    assert said.value.where == f"{SALES}/7, {SALES}/8"
    assert names_in(here) == before and not here.lead(FIRM.asked).opted_out


@pytest.mark.parametrize("known", [True, False], ids=["counts are there", "they are not"])
def test_a_file_without_some_is_what_building_it_gives(
    here: LeadHub, versions: list[str], known: bool
) -> None:
    old = read(here.hub.storage, versions[0])
    ids = {item.sample.id for item in old.items[3:9]}
    kept = [item for item in old.items if item.sample.id not in ids]
    wanted = build(old.header.model_copy(update={"note": NOTE}), kept, here.hub.storage)
    counts = describe(old, here.hub.storage).counts if known else {}
    lines = read_lines(here.hub.storage, versions[0])
    gone = {place: line for place, line in lines.naming(ids) if line.id in ids}
    content, version = lines.without(gone, NOTE, counts, here.hub.storage)
    assert content == to_bytes(wanted) and version.id == digest_of(content) == wanted.id
    here.hub.storage.put(content)
    assert version == describe(wanted, here.hub.storage)


def test_a_few_words_and_many_find_the_same_lines(here: LeadHub, versions: list[str]) -> None:
    lines = read_lines(here.hub.storage, versions[0])
    [(place, line)] = [one for one in lines.told() if FIRM.asked in one[1].key]
    assert list(lines.naming([line.key])) == [(place, line)]
    many = [line.key, *(f"nobody {number}" for number in range(FEW))]
    assert [one for one in lines.naming(many) if one[1].key == line.key] == [(place, line)]
    assert list(lines.naming(["nobody"])) == []


def test_words_that_json_writes_otherwise_are_found_and_a_line_that_is_none_is_named() -> None:
    header = DatasetHeader(kit="lead-scoring", split_rule="x", seed=1)
    lines = VersionLines("v", header, '{"key":"a\\"b Ü"}'.encode())
    assert list(lines.naming(["a'b"])) == []
    for ask in (lines.told, lambda: lines.naming(['a"b Ü'])):
        with pytest.raises(DataError, match="line 2 is not a sample"):
            list(ask())


def test_what_people_wrote_of_many_is_emptied_by_one_look_at_the_audit_log(here: LeadHub) -> None:
    wanted = [f"902{40 + n}" for n in range(5)]
    here.due(*wanted, "7")
    with here.hub.database.transaction() as session:
        for one in (*wanted, "7"):
            audit(session, "rita", "leads.override", f"{SALES}/{one}", why=f"{one} called me")
    with asked(here.hub, "FROM audit_log") as said:
        forget_all(here.hub, [(SALES, one) for one in wanted], by="ada")
    assert len(said) == 1
    with here.hub.database.session() as session:
        rows = session.scalars(select(AuditLog).where(AuditLog.who == "rita")).all()
    told = {row.target: row.details["why"] for row in rows}
    assert told == {f"{SALES}/{one}": "erased" for one in wanted} | {f"{SALES}/7": "7 called me"}
