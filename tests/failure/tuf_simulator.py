"""A hub in memory with its release engineer: signs TUF metadata, serves it, and misbehaves on demand.

Modelled on python-tuf's RepositorySimulator: every attack is a line in a test. It answers requests as
`edge_agent.update.fetch.HubClient` does, so the device's own code reads real responses; `served`
gives the same over real HTTP.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Key,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from edge_agent.errors import HubUnreachableError
from kits.core.hub_api import (
    Desired,
    DesiredBundle,
    Reported,
    SignedTime,
    TimeRequest,
    Withdrawn,
)
from kits.core.releases import Release, target_path
from tests.edge_agent.parts import bundle_id_of

ROLES = ("root", "targets", "snapshot", "timestamp")
YEAR = timedelta(days=365)
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")


def utc_now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


@dataclass
class Answer:
    """What is sent for a request."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Simulator:
    """Engineer and hub.

    Attributes:
        files: what `/v1/tuf/{name}` serves; tests replace entries to attack.
        bundles: bundle id → bytes.
        now: the true time, by which metadata is signed and the time is told.
        sign_time: answers a nonce; tests replace it to attack.
        cut_after: bytes of a bundle after which each connection ends; 0: never.
        ranges: whether requests for ranges are honoured.
        not_understood: agents whose reports are refused for good.
        hold: while it is not set, a link so thin that no byte of a bundle arrives; None: a good one.
            Over HTTP `cut_after` bytes arrive, and the connection ends once it is set.
    """

    def __init__(self) -> None:
        self.keys = {role: CryptoSigner.generate_ed25519() for role in ROLES}
        self.files: dict[str, bytes] = {}
        self.bundles: dict[str, bytes] = {}
        self.desired = Desired()
        self.reported: list[Reported] = []
        self.not_understood: set[str] = set()
        self.asked: list[str] = []
        self.now = utc_now()
        self.sign_time: Callable[[str], SignedTime | None] = self.honest_time
        self.cut_after = 0
        self.ranges = True
        self.hold: threading.Event | None = None
        self.down = False
        self.sent_bytes = 0
        self.root = Root(consistent_snapshot=True, expires=self.now + 5 * YEAR)
        for role in ROLES:
            self.root.add_key(self.keys[role].public_key, role)
        self.targets = Targets(expires=self.now + YEAR)
        self.snapshot = Snapshot(expires=self.now + timedelta(days=30))
        self.timestamp = Timestamp(expires=self.now + timedelta(days=7))
        self.sign_root()
        self.sign_targets()

    # -- the engineer ----------------------------------------------------------------------------

    def publish(
        self,
        content: bytes,
        release: int = 1,
        *,
        project: str = "p",
        expected: float | None = None,
        deployment: int | None = None,
    ) -> Desired:
        """Signs a release of a bundle and wishes for it; the wish."""
        bundle, path = bundle_id_of(content), target_path(project, release)
        self.bundles[bundle] = content
        target = TargetFile.from_data(path, content, ["sha256"])
        custom = Release(
            bundle=bundle,
            project=project,
            kit="tiny-brightness",
            version=release,
            release=release,
            expected_disagreement=expected,
        )
        target.unrecognized_fields["custom"] = custom.as_custom()
        self.targets.targets[path] = target
        self.targets.version += 1
        self.sign_targets()
        return self.wish(content, release, project=project, deployment=deployment or release)

    def withdraw_release(self, release: int, reason: str, *, project: str = "p") -> None:
        """Marks a release and signs the list anew."""
        target = self.targets.targets[target_path(project, release)]
        target.unrecognized_fields["custom"]["withdrawn"] = reason
        self.targets.version += 1
        self.sign_targets()

    def wish(
        self, content: bytes, release: int, *, project: str = "p", deployment: int = 1
    ) -> Desired:
        """What the hub says of a release, signed or not."""
        bundle = bundle_id_of(content)
        self.desired = Desired(
            bundle=DesiredBundle(
                bundle=bundle,
                size=len(content),
                path=f"/v1/bundles/{bundle}/content",
                target=target_path(project, release),
                release=release,
                deployment=deployment,
            )
        )
        return self.desired

    def withdraw(
        self, deployment: int, reason: str = "aborted by ada", *, then: Desired | None = None
    ) -> Desired:
        """A deployment ends at the hub without a commit; what is wished for from then on."""
        told = Withdrawn(deployment=deployment, reason=reason)
        wish = (then or Desired()).bundle
        self.desired = Desired(bundle=wish, withdrawn=(told,))
        return self.desired

    def sign_root(self) -> None:
        """Signs the root with the root keys of this and of the version before."""
        name = f"{self.root.version}.root.json"
        self.files[name] = signed(self.root, self.keys["root"])

    def rotate(self, *roles: str) -> None:
        """Gives roles new keys, by a new root that the old root key vouches for."""
        old_root = self.keys["root"]
        for role in roles:
            self.root.revoke_key(self.keys[role].public_key.keyid, role)
            self.keys[role] = CryptoSigner.generate_ed25519()
            self.root.add_key(self.keys[role].public_key, role)
        self.root.version += 1
        name = f"{self.root.version}.root.json"
        self.files[name] = signed(self.root, old_root, self.keys["root"])
        self.sign_targets()

    def sign_targets(self) -> None:
        """Signs the targets, and what follows from them."""
        content = signed(self.targets, self.keys["targets"])
        self.files[f"{self.targets.version}.targets.json"] = content
        self.sign_online(content)

    # -- the hub ---------------------------------------------------------------------------------

    def sign_online(self, targets: bytes | None = None) -> None:
        """Signs a new snapshot (over `targets`) and timestamp."""
        if targets is not None:
            version = Metadata[Targets].from_bytes(targets).signed.version
            self.snapshot.meta["targets.json"] = MetaFile.from_data(version, targets, ["sha256"])
            self.snapshot.version += 1
        content = signed(self.snapshot, self.keys["snapshot"])
        self.files[f"{self.snapshot.version}.snapshot.json"] = content
        self.timestamp.snapshot_meta = MetaFile.from_data(
            self.snapshot.version, content, ["sha256"]
        )
        self.timestamp.version += 1
        self.files["timestamp.json"] = signed(self.timestamp, self.keys["timestamp"])

    def pass_time(self, days: float, *, renew: bool = True) -> None:
        """The true time goes on; an honest hub then signs anew."""
        self.now += timedelta(days=days)
        if renew:
            self.snapshot.expires = self.now + timedelta(days=30)
            self.timestamp.expires = self.now + timedelta(days=7)
            self.snapshot.version += 1
            self.sign_online()

    def honest_time(self, nonce: str) -> SignedTime:
        return self.time_signed_by(self.keys["timestamp"], nonce, self.now)

    @staticmethod
    def time_signed_by(signer: CryptoSigner, nonce: str, time: datetime) -> SignedTime:
        """A word on the time by any key."""
        payload = json.dumps({"nonce": nonce, "time": time.isoformat()})
        signature = signer.sign(payload.encode())
        return SignedTime(payload=payload, signature=signature.signature, key_id=signature.keyid)

    @property
    def first_root(self) -> dict[str, object]:
        """What a device gets at its enrolment."""
        value: dict[str, object] = json.loads(self.files["1.root.json"])
        return value

    # -- requests --------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """As `HubClient.request`, without a network."""
        if self.down:
            raise HubUnreachableError("the hub does not answer")
        if self.hold is not None and path.startswith("/v1/bundles/"):
            self.hold.wait(60)
        answer = self.answer(method, path, body or b"", headers or {})
        sent = answer.body
        if self.cut_after and path.startswith("/v1/bundles/"):
            sent = sent[: self.cut_after]
        self.sent_bytes += len(sent)
        return urllib3.HTTPResponse(
            body=io.BytesIO(sent),
            headers=answer.headers,
            status=answer.status,
            preload_content=False,
        )

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """What an honest hub says, from what stands in the attributes."""
        self.asked.append(path)
        if path == "/v1/device/time":
            time = self.sign_time(TimeRequest.model_validate_json(body).nonce)
            return Answer(200, time.model_dump_json().encode()) if time else Answer(404)
        if path == "/v1/device/desired":
            return Answer(200, self.desired.model_dump_json().encode())
        if path == "/v1/device/reported":
            return self._heard(Reported.model_validate_json(body))
        if path.startswith("/v1/tuf/"):
            content = self.files.get(path.removeprefix("/v1/tuf/"))
            return Answer(404) if content is None else Answer(200, content)
        content = self.bundles.get(path.split("/")[3]) if path.startswith("/v1/bundles/") else None
        if content is None:
            return Answer(404)
        return self._ranged(content, headers.get("Range", ""))

    def _heard(self, said: Reported) -> Answer:
        if said.agent in self.not_understood:
            return Answer(422)
        self.reported.append(said)
        return Answer(204)

    def _ranged(self, content: bytes, asked: str) -> Answer:
        match = _RANGE.fullmatch(asked)
        if match is None or not self.ranges:
            return Answer(200, content)
        first, last = int(match[1]), int(match[2] or len(content) - 1)
        piece = content[first : last + 1]
        said = f"bytes {first}-{first + len(piece) - 1}/{len(content)}"
        return Answer(206, piece, {"Content-Range": said})


def signed(payload: Signed, *signers: CryptoSigner) -> bytes:
    """A metadata file, signed by each key once."""
    metadata = Metadata(payload)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()


def key_of(signer: CryptoSigner) -> Key:
    """The public half."""
    return signer.public_key


@contextmanager
def served(simulator: Simulator) -> Iterator[str]:
    """The simulator over HTTP on loopback; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            headers = {"Range": self.headers.get("Range", "")}
            answer = simulator.answer(self.command, self.path, body, headers)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            sent = answer.body
            is_cut = simulator.cut_after > 0 and self.path.startswith("/v1/bundles/")
            if is_cut:
                sent, self.close_connection = sent[: simulator.cut_after], True
            simulator.sent_bytes += len(sent)
            with suppress(OSError):  # a client or a link that breaks is part of the tests
                self.wfile.write(sent)
            if is_cut and simulator.hold is not None:
                simulator.hold.wait(60)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
