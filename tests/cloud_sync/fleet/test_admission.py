"""The list of revoked certificates and the server's certificate never lock the fleet out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks import certified, mqtt5
from cloud_sync.fleet import device_certificates, devices, dynsec
from cloud_sync.fleet.admission import CRL_ALERT, CRL_ENDED, Admission
from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.fleet.keeper import BrokerKeeper
from cloud_sync.fleet.mosquitto import MosquittoBroker
from cloud_sync.fleet.pki import CRL_LIFE, Authority
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Device
from kits.core.addresses import free_port
from kits.core.errors import UnreachableError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import make_hub
from tests.waiting import wait_for


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    broker = {"kind": "mosquitto", "port": 0, "tls": True, "tls_host": "127.0.0.1", "tls_port": 0}
    with make_hub(tmp_path / "hub", broker=broker) as made:
        (tmp_path / "devices").mkdir()
        certified.admit(made, ["press-1", "press-2"], tmp_path / "devices")
        yield made


@pytest.fixture
def broker(hub: Hub) -> Iterator[MosquittoBroker]:
    made = MosquittoBroker("mosquitto", hub.config)
    yield made
    made.stop()


def expire_list(hub: Hub, ago: timedelta = timedelta(days=60)) -> None:
    """Leaves a list that ended, or will soon, as after weeks without power."""
    Authority(hub.authority.folder, clock=lambda: utc_now() - ago).refresh_crl([])


def is_let_in(broker: MosquittoBroker, folder: Path, name: str = "press-1") -> bool:
    """Whether a device gets as far as the broker's welcome."""

    async def knock() -> int:
        client = mqtt5.Client()
        place = broker.device_address
        context = certified.context(folder / "ca.pem", folder / f"{name}.pem")
        try:
            return await client.connect(("127.0.0.1", place.port), name, tls=context)
        except OSError:  # also of TLS, or while it is started again
            return mqtt5.LOST
        finally:
            await client.close()

    return asyncio.run(knock()) == mqtt5.SUCCESS


def test_a_list_that_has_ended_is_signed_anew_before_the_broker_starts(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    expire_list(hub)
    assert hub.authority.crl_expires_at < utc_now()
    Admission(hub, broker).step()
    broker.start()
    assert hub.authority.crl_expires_at > utc_now() + timedelta(days=30)
    assert "crlfile" in (hub.config.broker_dir / "mosquitto.conf").read_text()
    assert is_let_in(broker, tmp_path / "devices")


def test_a_running_broker_is_given_the_renewed_list(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    broker.start()
    expire_list(hub)
    broker.reload()
    wait_for(lambda: not is_let_in(broker, tmp_path / "devices"))  # what an ended list does
    Admission(hub, broker).step()
    wait_for(lambda: is_let_in(broker, tmp_path / "devices"))


def test_a_list_close_to_its_end_is_renewed_without_an_alarm(
    hub: Hub, broker: MosquittoBroker
) -> None:
    expire_list(hub, timedelta(days=44))
    assert utc_now() < hub.authority.crl_expires_at < utc_now() + timedelta(days=2)
    Admission(hub, broker).step()
    assert hub.authority.crl_expires_at > utc_now() + timedelta(days=30)
    assert open_alerts(hub) == []


def test_a_list_that_cannot_be_renewed_is_alarmed_until_it_can(
    hub: Hub, broker: MosquittoBroker
) -> None:
    expire_list(hub, CRL_LIFE - timedelta(days=6))
    with unwritable(hub):
        Admission(hub, broker).step()
        assert open_alerts(hub) == [CRL_ALERT]
        assert hub.metrics.loop_errors.labels("certificates")._value.get() >= 1
    Admission(hub, broker).step()
    assert open_alerts(hub) == []


@contextmanager
def unwritable(hub: Hub) -> Iterator[None]:
    """Nothing can be signed into `pki/`; permissions would not keep root from it."""
    lock = hub.authority.folder / ".lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    yield
    lock.rmdir()


def test_a_list_that_ends_under_a_running_broker_locks_nobody_out(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    keeper = BrokerKeeper(broker, hub.metrics, poll_s=0.05)
    keeper.start()
    assert "crlfile" in (hub.config.broker_dir / "mosquitto.conf").read_text()
    expire_list(hub)
    broker.reload()
    with unwritable(hub):
        admission = Admission(hub, broker)
        admission.step()
        admission.tend()
        wait_for(lambda: is_let_in(broker, tmp_path / "devices"))
        assert "crlfile" not in (hub.config.broker_dir / "mosquitto.conf").read_text()
        assert open_alerts(hub) == [CRL_ALERT, CRL_ENDED]
    Admission(hub, broker).step()

    def has_list() -> bool:
        broker.tend()  # again and again, as the supervisor: one that is being started is not ended
        return "crlfile" in (hub.config.broker_dir / "mosquitto.conf").read_text()

    wait_for(has_list)
    wait_for(lambda: is_let_in(broker, tmp_path / "devices"))
    assert open_alerts(hub) == []
    keeper.stop()


def test_a_clock_that_is_set_right_again_locks_nobody_out(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    ahead = [timedelta(days=3)]

    def wall() -> datetime:
        return utc_now() + ahead[0]

    hub.authority = Authority(hub.authority.folder, clock=wall)
    (hub.authority.folder / "crl.pem").unlink()
    admission = Admission(hub, broker, wall=wall)
    admission.step()
    broker.start()
    assert not is_let_in(broker, tmp_path / "devices"), "the list is not valid yet"
    ahead[0] = timedelta()
    admission.step()
    wait_for(lambda: is_let_in(broker, tmp_path / "devices"))


def open_alerts(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))


def test_without_a_valid_list_the_fleet_goes_on_and_the_revoked_can_say_nothing(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    with hub.database.transaction() as session:
        devices.revoke(session, "press-2", who="test")
    with hub.database.session() as session:
        broker.set_logins(devices.logins(session))
    expire_list(hub)
    keeper = BrokerKeeper(broker, hub.metrics, poll_s=0.05)
    keeper.start()
    assert is_let_in(broker, tmp_path / "devices")
    assert "user press-2" not in (hub.config.broker_dir / "acl").read_text()
    assert is_let_in(broker, tmp_path / "devices", "press-2")
    Admission(hub, broker).step()  # as soon as a list can be signed, the broker gets it
    broker.tend()
    wait_for(lambda: not is_let_in(broker, tmp_path / "devices", "press-2"))
    wait_for(lambda: is_let_in(broker, tmp_path / "devices"))
    keeper.stop()


def test_without_a_list_it_is_said_whose_replaced_machines_can_speak_again(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    certified.admit(hub, ["press-2"], tmp_path / "new")
    with hub.database.transaction() as session:
        _, csr = certified.request("press-1")  # what a renewal withdraws is of the same machine
        device_certificates.certify(session, hub.authority, "press-1", csr, address="")
        session.flush()
        device_certificates.withdraw(session, "press-1")
    hub.authority.server_files(hub.config.server_names)
    expire_list(hub)
    with unwritable(hub):
        Admission(hub, broker).step()
        broker.start()
        assert is_let_in(broker, tmp_path / "devices", "press-2"), "the old machine"
        with hub.database.session() as session:
            [text] = session.scalars(select(Alert.text).where(Alert.name == CRL_ENDED))
    assert "machines that were replaced can speak for those that have their names: press-2" in text
    assert "press-1" not in text


def test_a_renewed_server_certificate_is_shown_to_the_next_device(
    hub: Hub, broker: MosquittoBroker, tmp_path: Path
) -> None:
    Admission(hub, broker).step()
    broker.start()
    context = certified.context(tmp_path / "devices/ca.pem", tmp_path / "devices/press-1.pem")

    def shown() -> bytes | None:
        plain = socket.create_connection(("127.0.0.1", broker.device_address.port))
        with plain, context.wrap_socket(plain, server_hostname="localhost") as device:
            return device.getpeercert(binary_form=True)

    before = shown()

    def shows_another() -> bool:
        broker.tend()
        try:
            return shown() != before
        except OSError:  # also of TLS: who meets the reload fails, and devices try again
            return False

    (hub.authority.folder / "server.pem").unlink()
    Admission(hub, broker).step()
    wait_for(shows_another)


def test_looking_without_a_change_does_not_touch_the_broker(
    hub: Hub, broker: MosquittoBroker
) -> None:
    admission = Admission(hub, broker)
    admission.step()
    rules = hub.config.broker_dir / "acl"
    written = rules.stat().st_mtime_ns
    for _ in range(3):
        admission.step()
    assert rules.stat().st_mtime_ns == written
    with hub.database.transaction() as session:
        session.get_one(Device, "press-1").revoked_at = utc_now()
    admission.step()
    assert "user press-1\n" not in rules.read_text()


def test_sessions_that_nobody_confirms_to_have_ended_are_said() -> None:
    nowhere = BrokerAddress("127.0.0.1", free_port(), "_hub", "x")
    with pytest.raises(UnreachableError, match="could not be ended"):
        dynsec.cut(nowhere, ["press-1"], timeout_s=0.5)
