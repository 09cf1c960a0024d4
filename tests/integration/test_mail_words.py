"""What the hub says of mails reaches an agent's mail room, and what that answers reaches the hub: over the real API."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from cloud_sync.fleet import devices
from cloud_sync.hub import Hub
from cloud_sync.mails import chain, erasure, gates
from cloud_sync.mails.gates import GateWatch
from cloud_sync.store.models import Device, MailErasure, Sample
from edge_agent.mail.chain import Seals
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.drafting import Drafting
from edge_agent.mail.gate import read_gate
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.record import MailRecord
from edge_agent.mail.room import MailRoom
from edge_agent.mail.telling import Teller
from edge_agent.sync.entry import Entry
from kits.core.events import Event
from kits.core.hub_api import Desired
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.hub_builders import open_hub
from tests.cloud_sync.mails.mail_builders import (
    ANN,
    bundle_id,
    filed,
    know_bundle,
    mail_row,
    stamp,
)

DEVICE = "mail-server"


class Outside:
    """What lies around a mail room: an outbox that takes everything, and alerts."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.alerts: dict[str, str] = {}

    def put(self, entry: Entry) -> bool:
        self.rows.append(entry)
        return True

    def committed(self, _mark: str) -> int:
        return 0

    def alert(self, name: str, severity: str, _text: str) -> None:
        self.alerts[name] = severity

    def events(self) -> list[Event]:
        return [
            Event(seq=n, klass=row.klass, at=stamp(utc_now(), n), body=row.body)
            for n, row in enumerate(self.rows, 1)
        ]


def open_room(folder: Path, outside: Outside) -> MailRoom:
    config = ImapSourceConfig(host="localhost", user="help@example.com", password_env="X")
    ledger = Ledger(folder / "mail" / "ledger.sqlite")
    teller = Teller(ledger, outside.put, outside.committed)
    return MailRoom(config, ledger, teller, Drafting(outside.alert), outside.alert)


def enrolled(hub: Hub) -> str:
    with hub.database.transaction() as session:
        token = devices.add_device(session, DEVICE, site="main", group="", who="test")
        secret = devices.enroll(session, token, "mail server")[1]
        running = update(Device).where(Device.name == DEVICE)
        session.execute(running.values(running_bundle=bundle_id()))
    return secret


def test_a_gate_closed_at_the_hub_closes_at_the_mailbox_and_opens_with_a_person(
    tmp_path: Path,
) -> None:
    with open_hub(tmp_path / "hub") as (client, hub):
        know_bundle(hub)
        headers = {"Authorization": f"Bearer {enrolled(hub)}"}
        room = open_room(tmp_path, Outside())
        bound = None
        assert room.gate.is_open(bundle_id(), bound)
        rows = [mail_row(n, f"a{n}", audit=True) for n in range(1, 8)]
        take(hub, *rows, device=DEVICE)
        take(hub, *[filed(50 + n, f"a{n}", "returns") for n in range(1, 8)], device=DEVICE)
        with hub.database.transaction() as session:
            session.execute(update(Sample).values(captured_at=utc_now()))
        assert GateWatch(hub).step() == 1

        def hear() -> None:
            answer = client.get("/v1/device/desired", headers=headers)
            room.follow(Desired.model_validate_json(answer.text))

        hear()
        assert not room.gate.is_open(bundle_id(), bound)
        assert "7 of 7 audited decisions were wrong" in read_gate(room.ledger).because
        with hub.database.transaction() as session:
            gates.open_gate(session, bundle_id(), who="ada", why="folders were swapped")
        hear()
        hear()
        assert room.gate.is_open(bundle_id(), bound)
        assert read_gate(room.ledger).because == "ada: folders were swapped"
        room.ledger.close()


def test_a_correspondent_only_the_agent_knows_is_erased_at_both_ends(tmp_path: Path) -> None:
    with open_hub(tmp_path / "hub") as (client, hub):
        know_bundle(hub)
        headers = {"Authorization": f"Bearer {enrolled(hub)}"}
        outside = Outside()
        room = open_room(tmp_path, outside)
        who = Seals(room.ledger).who(ANN)
        room.ledger.add(
            MailRecord(
                "m1", "<1@x>", who, "acted", "INBOX", 1, 1, "act", "returns", bundle_id(), False, 0.0,
                sealed=Seals(room.ledger).seal(who, {"body": "Dear Ann"}, "m1"),
            )
        )  # fmt: skip
        # the hub has no bytes, and nothing that says whose it is but the agent's own digest
        take(hub, mail_row(1, "m1", meta={"who": who}), mail_row(2, "m2"), device=DEVICE)
        assert erasure.erase(hub, ANN, by="ada").samples == 0
        answer = client.get("/v1/device/desired", headers=headers)
        for _ in range(2):
            room.follow(Desired.model_validate_json(answer.text))
        room.teller.tell()
        take(hub, *outside.events(), device=DEVICE, epoch="epoch-2")
        assert erasure.again(hub, utc_now()) == 1
        with hub.database.session() as session:
            states = {row.id: row.blob_state for row in session.scalars(select(Sample))}
            assert states == {"m1": "erased", "m2": "none"}
            assert session.scalars(select(MailErasure.address)).all() == [""]
            assert chain.verify(session).fault == ""
        later = Desired.model_validate_json(client.get("/v1/device/desired", headers=headers).text)
        assert later.erasures == ()
        assert room.chain.verify()[1] == ""
        room.ledger.close()
