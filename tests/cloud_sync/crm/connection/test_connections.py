"""Connections to CRMs: added, opened, paused, removed; their secrets stay in a file of their own."""

from __future__ import annotations

import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync import backups, setup
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import (
    Secrets,
    add_webhook_secret,
    drop_webhook_secret,
    keep_api_secret,
    parse_secrets,
    read_secrets,
    secrets_path,
)
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.leads import leads
from cloud_sync.crm.leads.leads import ERASED_WORDS
from cloud_sync.crm.outcomes import outcomes
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.store.models import AuditLog, CrmConnection, CrmEvent, CrmLead, Project, Sample
from kits.core.errors import ConfigError, UsageError
from kits.core.sample import utc_now
from tests.cloud_sync.crossing import meanwhile

SECRETS = Secrets(("a-client-secret",), {"token": "pat-eu1-0000"})


def add(hub: Hub, name: str = "sales", project: str = "") -> connections.Connection:
    settings = CrmSettings(kind="hubspot", min_change=5)
    return connections.add(hub, name, settings, project, SECRETS, by="ann")


def test_a_connection_is_added_and_opened_with_its_secrets(hub: Hub) -> None:
    added = add(hub)
    opened = connections.open_connection(hub, "sales")
    assert (opened, opened.settings.min_change, opened.paused) == (added, 5, False)
    access = connections.access_of(hub, opened)
    assert access.secrets["token"] == "pat-eu1-0000"
    access.remember("token", "pat-eu1-0001")
    assert read_secrets(hub.config.keys_dir, "sales").api == {"token": "pat-eu1-0001"}


def test_secrets_are_in_a_private_file_and_nowhere_else(hub: Hub) -> None:
    added = add(hub)
    path = secrets_path(hub.config.keys_dir, "sales")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with hub.database.session() as session:
        row = session.get_one(CrmConnection, "sales")
        audited = [str(entry.details) for entry in session.scalars(select(AuditLog))]
    for text in (repr(added), str(row.settings), *audited):
        assert "a-client-secret" not in text
        assert "pat-eu1" not in text


def test_a_backup_carries_the_secrets_and_they_stay_private(hub: Hub, tmp_path: Path) -> None:
    add(hub)
    (hub.config.data_dir / "hub.yaml").write_text("{}\n")
    backups.backup(hub, tmp_path / "hub.tar")
    with tarfile.open(tmp_path / "hub.tar") as archive:
        assert "keys/crm/sales.json" in archive.getnames()
    backups.restore(tmp_path / "hub.tar", tmp_path / "again")
    assert read_secrets(tmp_path / "again" / "keys", "sales") == SECRETS
    assert stat.S_IMODE(secrets_path(tmp_path / "again" / "keys", "sales").stat().st_mode) == 0o600


def test_two_secrets_are_in_force_while_one_is_being_changed(hub: Hub) -> None:
    add(hub)
    keys = hub.config.keys_dir
    assert add_webhook_secret(keys, "sales", "new-one").webhook == ("new-one", "a-client-secret")
    with pytest.raises(ConflictError, match="two secrets"):
        add_webhook_secret(keys, "sales", "newer-one")
    assert drop_webhook_secret(keys, "sales").webhook == ("new-one",)
    with pytest.raises(ConflictError, match="no older secret"):
        drop_webhook_secret(keys, "sales")
    keep_api_secret(keys, "sales", "refresh_token", "r2")
    assert read_secrets(keys, "sales").webhook == ("new-one",)


_KEEPS = """
import sys
from pathlib import Path
from cloud_sync.crm.connection.secrets import keep_api_secret, read_secrets
keys, key = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    keep_api_secret(keys, "sales", key, f"v{number}")
    assert read_secrets(keys, "sales").api[key] == f"v{number}", number
"""


def test_two_processes_that_change_secrets_of_one_connection_lose_none(hub: Hub) -> None:
    add(hub)
    keys = hub.config.keys_dir
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _KEEPS, str(keys), key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for key in ("token", "refresh_token")
    ]  # fmt: skip
    for one in running:
        assert one.stdout is not None and one.stdin is not None
        assert one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in running:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said
    found = read_secrets(keys, "sales")
    assert (found.api, found.webhook) == ({"token": "v24", "refresh_token": "v24"}, SECRETS.webhook)


def test_a_secret_that_a_crm_turns_over_does_not_come_back_after_a_removal(hub: Hub) -> None:
    access = connections.access_of(hub, add(hub))
    connections.remove(hub, "sales", by="ann")
    access.remember("refresh_token", "r2")
    assert not secrets_path(hub.config.keys_dir, "sales").exists()


@pytest.mark.parametrize("name", ["", "Sales", "../x", "a/b", "-a", "a" * 41, "a\n", "é"])
def test_a_name_that_is_no_file_name_is_refused(hub: Hub, name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        add(hub, name)


def test_what_is_there_or_not_is_told_with_a_remedy(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.add(Project(name="leads", kit="lead-scoring", kit_yaml=""))
        session.add(Project(name="lead", kit="support-triage", kit_yaml=""))
    with pytest.raises(NotFoundError, match="did you mean 'leads'"):
        add(hub, project="lead")
    assert not secrets_path(hub.config.keys_dir, "sales").exists()
    add(hub, project="leads")
    with pytest.raises(ConflictError, match="there is a connection"):
        add(hub)
    with pytest.raises(NotFoundError, match="did you mean 'sales'"):
        connections.open_connection(hub, "sale")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '{"webhook": "x"}', '{"webhook": ["a", "b", "c"]}', '{"webhooks": ["hunter2"]}',
        '{"webhook": [" hunter2"]}', '{"webhook": [""]}', '{"api": {"token": "hunter2\\n"}}', '{"api": {"token": 7}}',
    ],
)  # fmt: skip
def test_a_damaged_file_of_secrets_is_told_without_what_it_holds(text: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_secrets(text, "sales.json")
    assert "hunter2" not in str(told.value)
    assert told.value.fix


def test_a_removed_connection_leaves_nothing_behind(hub: Hub) -> None:
    add(hub)
    add(hub, "other")
    with hub.database.transaction() as session:
        for number in range(3):
            key = {"connection": "sales", "object_id": str(number)}
            session.add(CrmLead(**key))
            session.add(
                CrmEvent(event_id=str(number), what="changed", at=utc_now(), body={}, **key)
            )
        session.add(CrmLead(connection="other", object_id="1"))
    gone = connections.remove(hub, "sales", by="ann")
    assert gone == {"crm_event": 3, "crm_lead": 3, "crm_score": 0, "kept_out": 0}
    assert not secrets_path(hub.config.keys_dir, "sales").exists()
    with hub.database.session() as session:
        assert session.scalars(select(CrmConnection.name)).all() == ["other"]
        assert session.scalar(select(func.count()).select_from(CrmLead)) == 1


def test_who_objected_or_was_erased_stays_out_when_a_connection_comes_back(hub: Hub) -> None:
    add(hub)
    said = {"who": "ann", "why": "asked by phone", "opted_out": True}
    erased = {"who": ERASED_WORDS, "why": ERASED_WORDS}
    with hub.database.transaction() as session:
        for number, more in enumerate(
            ({"override": said, "opted_out": True}, {"override": erased, "opted_out": True},
             {"opted_out": True}, {"override": {"band": "cold"}}, {})
        ):  # fmt: skip
            session.add(CrmLead(connection="sales", object_id=str(number), fields={"a": 1}, **more))
    assert connections.remove(hub, "sales", by="ann")["kept_out"] == 2
    settings = CrmSettings(kind="odoo", options={"database": "x"}, url="https://odoo.example.com")
    connections.add(hub, "sales", settings, "", Secrets(("s",), {"key": "k"}), by="ann")
    with hub.database.session() as session:
        assert session.scalar(select(func.count()).select_from(CrmLead)) == 0, (
            "another CRM's people"
        )
    connections.remove(hub, "sales", by="ann")
    add(hub)
    with hub.database.session() as session:
        found = {lead.object_id: lead for lead in session.scalars(select(CrmLead))}
    assert set(found) == {"0", "1"}
    assert all(
        lead.opted_out and lead.fields == {} and lead.due_at is None for lead in found.values()
    )
    assert found["0"].override == said and leads.is_erased(found["1"])
    assert connections.remove(hub, "sales", by="ann")["kept_out"] == 2, "also the next time"


def test_pausing_twice_is_one_change(hub: Hub) -> None:
    add(hub)
    assert connections.pause(hub, "sales", by="ann", paused=True)
    assert not connections.pause(hub, "sales", by="ann", paused=True)
    assert connections.open_connection(hub, "sales").paused
    assert connections.pause(hub, "sales", by="ann", paused=False)


def test_the_doctor_looks_at_secrets_and_at_the_address_crms_call(hub: Hub) -> None:
    (hub.config.data_dir / "hub.yaml").write_text("{}\n")

    def found() -> dict[str, setup.Finding]:
        return {one.check: one for one in setup.doctor(hub.config.data_dir)}

    assert "CRM secrets" not in found()
    add(hub)
    assert found()["CRM secrets"].ok
    assert "public_url" in found()["CRM address"].found
    secrets_path(hub.config.keys_dir, "sales").chmod(0o644)
    assert found()["CRM secrets"].fix.startswith("chmod 600")
    (hub.config.data_dir / "hub.yaml").write_text("public_url: https://hub.example\n")
    assert found()["CRM address"].found == "https://hub.example"


def test_who_objects_while_a_connection_is_removed_stays_out(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(hub)
    with hub.database.transaction() as session:
        session.add_all(CrmLead(connection="sales", object_id=name) for name in ("1", "2"))

    def object_now() -> None:
        with hub.database.transaction() as session:
            leads.opt_out(session, "sales", "1", True, why="asked by phone", who="ann")

    meanwhile(monkeypatch, connections, "remove_secrets", object_now)
    assert connections.remove(hub, "sales", by="ann")["kept_out"] == 1
    add(hub)
    with hub.database.session() as session:
        [lead] = session.scalars(select(CrmLead))
    assert (lead.object_id, lead.opted_out) == ("1", True)


def test_whom_a_crm_named_to_be_erased_is_erased_before_its_connection_goes(hub: Hub) -> None:
    add(hub)
    with hub.database.transaction() as session:
        outcomes.ensure_device(session, "sales", "hubspot", utc_now())
        session.add(CrmLead(connection="sales", object_id="1", sample_id="s"))
        session.add(
            Sample(
                id="s", device="crm-sales", epoch="crm", seq=0, captured_at=utc_now(),
                bundle="b", verdict="act", media_type=MEDIA_TYPE, source="sales#1", meta={"name": "SECRET"},
            )
        )  # fmt: skip
        session.add(
            CrmEvent(
                connection="sales",
                event_id="e",
                object_id="1",
                what="erased",
                at=utc_now(),
                body={},
            )
        )
    assert connections.remove(hub, "sales", by="ann")["kept_out"] == 1
    with hub.database.session() as session:
        sample = session.get_one(Sample, "s")
        assert (sample.blob_state, sample.source) == ("erased", "")
        assert "SECRET" not in str(sample.meta)
