"""Builders for tests of storage, intake and fleet: a hub, its broker, a device that speaks MQTT."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_sync.background import start_ingest
from cloud_sync.config import HubConfig, parse
from cloud_sync.fleet import devices
from cloud_sync.fleet.broker import HUB_USER, Broker, BrokerAddress
from cloud_sync.fleet.brokers import make_broker
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.store.models import Blob, Bundle, Project, Release
from cloud_sync.web.accounts import create_person, issue_token
from kits.core import bundle as formats
from kits.core.events import (
    AlertBody,
    BlobRef,
    Body,
    DecisionBody,
    Event,
    GapBody,
    LabelBody,
    Stamp,
)
from kits.core.frames import Ack, Frame, decode_ack, encode_chunk, encode_frame
from kits.core.operating_point import Band, ErrorBound, OperatingPoint
from kits.core.releases import target_path
from kits.core.sample import digest_of, utc_now
from kits.core.signing import SigningKey
from kits.core.stats import Estimate
from kits.core.topics import DeviceTopics, ParsedTopic
from tests.cloud_sync.tables import make_tables
from tests.waiting import wait_for

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
EPOCH = "epoch-1"


@contextmanager
def make_hub(folder: Path, **settings: object) -> Iterator[Hub]:
    """A hub with tables and key; nothing runs."""
    config = parse({"broker": {"port": 0}, **settings}, folder)
    SigningKey.create(config.keys_dir / "hub.pem")
    hub = Hub.open(config)
    make_tables(hub.database)
    try:
        yield hub
    finally:
        hub.close()


def add_device(hub: Hub, name: str = "press-1", site: str = "main", group: str = "") -> str:
    """An enrolled device; its token."""
    with hub.database.transaction() as session:
        token = devices.add_device(session, name, site=site, group=group, who="test")
        return devices.enroll(session, token, "test machine")[1]


def token_for(hub: Hub, role: str = "engineer", login: str = "ada") -> dict[str, str]:
    """A person's headers."""
    with hub.database.transaction() as session:
        create_person(session, login, "", role, by="test")
        secret = issue_token(session, login, "test", by="test")[1]
    return {"Authorization": f"Bearer {secret}"}


@contextmanager
def running_intake(hub: Hub, kind: str) -> Iterator[Broker]:
    """A real broker of a kind with the hub's ingest behind it."""
    config: HubConfig = hub.config.model_copy(
        update={"broker": hub.config.broker.model_copy(update={"kind": kind})}
    )
    broker = make_broker(config)
    with ExitStack() as parts:
        with hub.database.session() as session:
            broker.set_logins(devices.logins(session))
        broker.start()
        parts.callback(broker.stop)
        link = start_ingest(hub, broker, parts)
        wait_for(lambda: link.listening)
        yield broker


class DeviceClient:
    """A device on the wire: publishes what a test gives it, collects acknowledgements."""

    def __init__(
        self, broker: Broker, name: str, token: str, site: str = "main", *, client_id: str = ""
    ) -> None:
        self._is_hub = name == HUB_USER
        self.topics = DeviceTopics(site, name)
        self.acks: queue.Queue[Ack] = queue.Queue()
        self.refusal = ""
        self.lost = False
        self._listens = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id or name, protocol=mqtt.MQTTv5
        )
        self._client.username_pw_set(name, token)
        self._client.on_connect = self._on_connect
        self._client.on_message = lambda _c, _d, m: self.acks.put(decode_ack(m.payload))
        self._client.on_subscribe = lambda *_: self._listens.set()
        self._client.on_disconnect = self._on_disconnect
        self._broker = broker

    def connect(self) -> DeviceClient:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 60
        address = self._broker.address
        device = self._broker.device_address
        port = address.port if self._is_hub or device.tls else device.port
        self._client.connect(address.host, port, clean_start=False, properties=properties)
        self._client.loop_start()
        # what is published before the broker knows of the subscription is not heard
        wait_for(lambda: self._listens.is_set() or bool(self.refusal))
        return self

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def address(self) -> BrokerAddress:
        """Where the hub would connect to the same broker."""
        return self._broker.address

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=qos, retain=retain)

    def send(self, *events: Event, klass: str = "s") -> None:
        self.publish(self.topics.frames(klass), frame_bytes(*events))

    def send_chunk(self, content: bytes, number: int, chunk_bytes: int) -> None:
        topic = self.topics.chunk(digest_of(content), number)
        self.publish(topic, encode_chunk(content, number, chunk_bytes))

    def next_ack(self, timeout_s: float = 60.0) -> Ack:
        return self.acks.get(timeout=timeout_s)

    def wait_done(self, digest: str) -> None:
        """Waits until the hub says that a blob is stored."""
        while True:
            ack = self.next_ack()
            if digest in ack.blobs and ack.blobs[digest].done:
                return

    def _on_connect(self, client, _data, _flags, reason, _properties) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
        else:
            client.subscribe(self.topics.ack, qos=1)

    def _on_disconnect(self, _client, _data, _flags, _reason, _properties) -> None:
        self.lost = True


def decision(seq: int, sample_id: str = "", blob: BlobRef | None = None, **fields: object) -> Event:
    """An event about one sample."""
    body = DecisionBody(
        sample_id=sample_id or f"s{seq:025d}",
        captured_at=AT,
        media_type="image/png",
        bundle="b" * 64,
        verdict="act",
        score=0.9,
        label="scratch",
        blob=blob,
        **fields,
    )
    return event(seq, "s", body)


def alert(seq: int, severity: str = "error", name: str = "camera lost") -> Event:
    body = AlertBody(name=name, severity=severity, text="no frame for 10 s", where="cam0")
    return event(seq, "a", body)


def label(seq: int, sample_id: str) -> Event:
    stated = {"label": "good", "author": "line", "at": AT.isoformat()}
    return event(seq, "l", LabelBody(sample_id=sample_id, annotation=stated))


def gap(seq: int) -> Event:
    body = GapBody(klass="t", first_seq=1, last_seq=50, rows=50, bytes=9000, reason="budget")
    return event(seq, "l", body)


def event(seq: int, klass: str, body: Body) -> Event:
    return Event(seq=seq, klass=klass, at=Stamp(wall=AT, mono_ns=seq, boot="boot"), body=body)


def blob_ref(content: bytes) -> BlobRef:
    return BlobRef(digest=digest_of(content), size=len(content), media_type="image/png")


def frame_bytes(*events: Event, epoch: str = EPOCH) -> bytes:
    return encode_frame(Frame(epoch=epoch, rows=events))


def frame_in(*events: Event, device: str = "press-1", klass: str = "s") -> FrameIn:
    topic = ParsedTopic("main", device, klass)
    return FrameIn(topic, Frame(epoch=EPOCH, rows=events))


def make_bundle(
    project: str = "line-1",
    version: int = 1,
    filler: int = 1000,
    rates: Mapping[str, Estimate] | None = None,
    bound: ErrorBound | None = None,
) -> bytes:
    """A small but real bundle; `rates` as measured at its thresholds, `bound` what it promises."""
    model = bytes(range(256)) * (filler // 256 + 1)
    manifest = formats.BundleManifest(
        kit="visual-inspection",
        name=project,
        project=project,
        version=version,
        created_at=AT,
        media_types=("image/png",),
        artefacts=(
            formats.Artefact(
                role="model", path="models/m.onnx", precision="fp32", target="any",
                digest=digest_of(model),
            ),
        ),
        config={},
        dataset="",
        seed=1,
        run="run-1",
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=0.5, review_from=0.2),
        rates=dict(rates or {}),
        bound=bound,
        method="test",
        dataset="d",
        seed=1,
    )
    files = {"models/m.onnx": model, "card.md": b"# card"}
    return formats.pack(manifest, point, formats.GoldenSet(), files)


def certificate_request(key: ec.EllipticCurvePrivateKey | None = None, name: str = "any") -> str:
    """A signing request (PEM) for `key`, or for a fresh one."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def put_blob(hub: Hub, content: bytes) -> str:
    """Stores bytes with their row; the digest."""
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        if session.get(Blob, digest) is None:
            session.add(Blob(digest=digest, size=len(content)))
    return digest


def approved_bundle(hub: Hub, version: int = 1) -> str:
    """A bundle that is registered and released under the number of its version; its id."""
    content = make_bundle(version=version)
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        if session.get(Project, "line-1") is None:
            session.add(Project(name="line-1", kit="visual-inspection"))
        session.add(Blob(digest=digest, size=len(content)))
        session.flush()
        row = Bundle(
            id=formats.bundle_id(content), project="line-1", name="line-1", version=version,
            kit="visual-inspection", blob=digest, size=len(content), origin="hub",
            approved_by="ada", approved_at=utc_now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        release = Release(
            target=target_path("line-1", version), project="line-1", release=version, bundle=row.id
        )
        session.add(release)
    return row.id
