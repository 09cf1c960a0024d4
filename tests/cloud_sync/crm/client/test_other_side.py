"""A CRM whose certificate ends, whose proxy answers, whose fields somebody deletes, that is slow or endless: nothing is lost or wrong."""

from __future__ import annotations

import gzip
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloud_sync.crm.client.http import CrmRefusedError
from cloud_sync.crm.leads import leads
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.effects.json_http import JsonHttp
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import CrmConnection
from kits.core.sample import utc_now
from tests.cloud_sync.crm.account import field
from tests.cloud_sync.crm.org import SECRETS as ORG_SECRETS
from tests.cloud_sync.crm.org import Org
from tests.cloud_sync.crm.portal import SECRETS, Portal
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server, score
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene
from tests.cloud_sync.receivers import SECRET_TEXT

GUID = "abcdef00-0000-4000-8000-000000000001"
SECRETS_OF: dict[str, tuple[dict[str, str], str]] = {
    "hubspot": ({"token": "t"}, "1"),
    "salesforce": ({"client_id": "a", "client_secret": "b"}, "00Q000000000001AAA"),
    "pipedrive": ({"token": "t"}, "1"),
    "odoo": ({"key": "k"}, "1"),
    "dynamics": ({"tenant": "t", "client_id": "a", "client_secret": "b"}, GUID),
    "webhook": ({"secret": SECRET_TEXT}, "1"),
}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with writing_scene(tmp_path, "") as made:
        yield made


# -- the line --------------------------------------------------------------------------------------


def certificate(folder: Path, until: datetime) -> tuple[Path, Path]:
    """Of localhost, signed by itself; the paths of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=90)).not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "crm.pem", folder / "crm.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return paths


@contextmanager
def raw_server(talk: Callable[[Any], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that says what a test wants, byte by byte; its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                line = (
                    context.wrap_socket(self.request, server_side=True) if context else self.request
                )
                line.recv(65_536)
                talk(line)
            except OSError:
                return  # the other side has gone, as it should

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def answers(body: bytes, headers: str = "") -> Callable[[Any], None]:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode()
    return lambda line: line.sendall(head + body)


def test_a_certificate_that_has_expired_is_named_as_that(tmp_path: Path) -> None:
    paths = certificate(tmp_path, utc_now() - timedelta(days=1))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*paths)
    trusted = ssl.create_default_context(cafile=paths[0])
    with raw_server(answers(b"{}"), served) as port:
        http = JsonHttp(f"https://localhost:{port}", {}, 5, name="sales", context=trusted)
        with pytest.raises(
            DeliveryError, match="certificate is not believed: certificate has expired"
        ):
            http.call("GET", "/")


def _endless(line: Any) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        line.sendall(b"10000\r\n" + b"[" * 0x10000 + b"\r\n")


def _headers_without_end(line: Any) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")


def _waits_on_and_on(line: Any) -> None:
    while True:
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


BOMB = gzip.compress(b"[" * 10_000_000)


@pytest.mark.parametrize(
    "talk",
    [_endless, _headers_without_end, _waits_on_and_on, answers(BOMB, "content-encoding: gzip\r\n"),
     answers(b"<html>sign in</html>", "content-type: text/html\r\n")],
    ids=["endless", "headers", "continue", "gzip bomb", "page"],
)  # fmt: skip
def test_an_answer_without_end_or_sense_is_given_up(talk: Callable[[Any], None]) -> None:
    with raw_server(talk) as port:
        http = JsonHttp(f"http://127.0.0.1:{port}", {}, 2, name="sales")
        with pytest.raises(DeliveryError):
            http.call("GET", "/")


# -- answers that are none ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SECRETS_OF)
@pytest.mark.parametrize("value", [{}, {"status": "ok"}, None], ids=str)
def test_a_yes_without_records_makes_no_lead_gone(kind: str, value: object) -> None:
    """What is not in a list that is there is gone; where there is no list, nobody knows."""
    secrets, object_id = SECRETS_OF[kind]

    def act(asked: Asked) -> Reply:
        fields = {"fields": [{"name": "Id", "type": "id", "label": "Id"}]}
        if "token" in asked.path:
            return Reply({"access_token": "t"})
        if "fields_get" in asked.path or "describe" in asked.path:
            return Reply({"name": {"type": "char"}, **fields})
        if "properties" in asked.path or "Definitions" in asked.path or "Fields" in asked.path:
            return Reply({"results": [], "value": [], "data": []})
        return Reply(value)

    with crm_server(act) as server:
        options = {"authority": server.url} if kind == "dynamics" else {}
        crm = crm_for(kind, server, secrets, options=options)
        with pytest.raises(DeliveryError):
            crm.read([object_id])


def test_a_page_that_a_proxy_shows_has_taken_no_score() -> None:
    """A program of one's own need say nothing; but somebody else who says yes is not the program."""
    pages = iter(["<!doctype html><title>Sign in</title>", "  <html>", "", "ok", "{}"])

    def talk(line: Any) -> None:
        answers(next(pages).encode())(line)

    with raw_server(talk) as port:

        class At:
            url = f"http://127.0.0.1:{port}"

        crm = crm_for("webhook", At(), {"secret": SECRET_TEXT})  # type: ignore[arg-type]  # of which only the address counts
        for _ in range(2):
            with pytest.raises(DeliveryError, match="a page"):
                crm.write([score("1")])
        for _ in range(3):
            [taken] = crm.write([score("1")])
            assert taken.ok


# -- fields, choices and rights ----------------------------------------------------------------------


def test_without_the_field_that_says_who_is_not_scored_nobody_is() -> None:
    portal = Portal()
    portal.properties["no_scoring"] = "bool"
    portal.contacts["1"]["no_scoring"] = "true"
    with crm_server(portal.act) as server:
        crm = crm_for("hubspot", server, SECRETS, columns=["email"], opt_out="no_scoring")
        [record] = crm.read(["1"])
        assert record.opted_out
        del portal.properties["no_scoring"]
        del portal.contacts["1"]["no_scoring"]
        crm = crm_for("hubspot", server, SECRETS, columns=["email"], opt_out="no_scoring")
        with pytest.raises(CrmRefusedError, match="no field 'no_scoring' any more") as caught:
            crm.read(["1"])
        assert caught.value.retry and "crm set sales opt_out=" in caught.value.what
        portal.properties["no_scoring"] = "bool"
        assert not crm.read(["1"])[0].opted_out


def test_who_objects_in_any_of_several_fields_is_not_scored() -> None:
    org = Org()
    org.fields |= {"HasOptedOutOfEmail": "boolean", "DoNotCall": "boolean"}
    said = [(True, False), (False, True), (False, False)]
    asked = [
        org.lead(n, Company="Acme", HasOptedOutOfEmail=mail, DoNotCall=call)
        for n, (mail, call) in enumerate(said, 1)
    ]
    settings = {"columns": ["Company"], "opt_out": ["HasOptedOutOfEmail", "DoNotCall"]}
    with crm_server(org.act) as server:
        org.instance = server.url
        found = {one.object_id: one.opted_out for one in crm_for("salesforce", server, ORG_SECRETS, **settings).read(asked)}  # fmt: skip
        assert [found[name] for name in asked] == [True, True, False]
        del org.fields["DoNotCall"]
        with pytest.raises(CrmRefusedError, match="no field 'DoNotCall' any more") as caught:
            crm_for("salesforce", server, ORG_SECRETS, **settings).read(asked)
        assert "opt_out=HasOptedOutOfEmail,FIELD" in caught.value.what


def test_the_same_at_salesforce() -> None:
    org = Org()
    org.fields["NoScoring__c"] = "boolean"
    lead = org.lead(1, Company="Acme", NoScoring__c=True)
    with crm_server(org.act) as server:
        org.instance = server.url
        for there in (True, False):
            crm = crm_for("salesforce", server, ORG_SECRETS, columns=["Company"], opt_out="NoScoring__c")  # fmt: skip
            if there:
                assert crm.read([lead])[0].opted_out
                del org.fields["NoScoring__c"]
            else:
                with pytest.raises(CrmRefusedError, match="NoScoring__c"):
                    crm.read([lead])


@pytest.mark.parametrize("kind", ["odoo", "pipedrive", "dynamics"])
def test_the_same_at_other_crms(kind: str) -> None:
    simulator = Simulator(kind, limit=0)
    [held] = simulator.make(1)
    with serve(simulator) as url:

        class At:
            pass

        At.url = url  # type: ignore[attr-defined]
        told = {**simulator.vendor.settings(url)}
        secrets = dict(simulator.secrets.api)
        options = told.get("options", {})
        crm = crm_for(kind, At(), secrets, options=options)  # type: ignore[arg-type]  # of which only the address counts
        assert crm.read([held.object_id])
        crm = crm_for(kind, At(), secrets, options=options, opt_out="x_no_scoring")  # type: ignore[arg-type]  # as above
        with pytest.raises(CrmRefusedError, match="x_no_scoring"):
            crm.read([held.object_id])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("hubspot", ["budget_stated", "hs_email_optout"]),
        ("odoo", ["x_budget_stated", "x_opted_out"]),
        ("pipedrive", ["Budget stated", "Opted out"]),
        ("dynamics", ["new_budget_stated", "donotbulkemail"]),
    ],
)
def test_a_yes_in_the_first_field_or_the_second_is_one_at_other_crms(
    kind: str, fields: list[str]
) -> None:
    simulator = Simulator(kind, limit=0)
    says = [(True, False), (False, True), (False, False)]
    leads = simulator.make(len(says))
    for held, (first, second) in zip(leads, says):
        told = {**held.columns, "budget_stated": first, "opted_out": second}
        held.fields.update(simulator.vendor.fields(told))
    asked = [held.object_id for held in leads]
    with serve(simulator) as url:
        settings = {**simulator.vendor.settings(url), "columns": ["phone"], "opt_out": fields}
        at = Server(lambda _: Reply(None))  # of which only the address counts
        at.url = url
        crm = crm_for(kind, at, dict(simulator.secrets.api), **settings)
        found = {one.object_id: one.opted_out for one in crm.read(asked)}
    assert [found[name] for name in asked] == [True, True, False]


def test_a_choice_that_was_renamed_keeps_only_its_own_leads_back(scene: Scene) -> None:
    """An administrator renames hot; the others are written, and those of that band wait for a person."""
    act = scene.portal.act

    def renamed(asked: Asked) -> Reply:
        if asked.path.endswith("batch/update") and any(
            one["properties"].get("kitwright_band") == "hot" for one in asked.body["inputs"]
        ):
            said = "Property values were not valid: hot was not one of the allowed options"
            return Reply({"status": "error", "category": "VALIDATION_ERROR", "message": said}, 400)
        return act(asked)

    scene.server.act = renamed
    for number in range(20):
        scene.score(str(number), 50, "hot" if number == 7 else "warm")
    writer = scene.writer()
    scene.settle(writer, 5)
    assert [scene.shown(str(n)) for n in range(20) if n != 7] == ["50"] * 19
    assert "hot" in scene.lead("7").dead and "crm-lead-dead" in scene.alerts()
    scene.server.act = act
    with scene.hub.database.transaction() as session:
        leads.retry_dead(session, NAME, who="ada")
    scene.settle(writer, 3)
    assert scene.shown("7") == "50"


def test_a_field_of_scores_that_is_deleted_and_made_again_loses_no_score(scene: Scene) -> None:
    scene.score("1", 50)
    kind = scene.portal.properties.pop("kitwright_score")
    writer = scene.writer()
    scene.settle(writer, 20)
    assert scene.shown("1") == "" and scene.lead("1").dead == ""
    assert "crm-scores-refused" in scene.alerts() or "crm-unreachable" in scene.alerts()
    scene.portal.properties["kitwright_score"] = kind
    scene.settle(writer, 60, minutes=30)
    assert scene.shown("1") == "50"


def test_a_key_that_ends_in_the_middle_of_a_batch_is_no_leads_fault() -> None:
    writes = [score(str(number)) for number in range(1, 6)]
    done: list[str] = []

    def act(asked: Asked) -> Reply:
        if "Fields" in asked.path:
            names = ("score", "probability", "percentile", "band", "reasons", "scored_at")
            return Reply({"data": [field(f"{n:0>40}", f"Kitwright {n}", "text") for n in names]})
        if len(done) == 2:
            return Reply({"error": "unauthorized"}, 401)
        done.append(asked.path)
        return Reply({"data": {}})

    with crm_server(act) as server:
        fields = dict.fromkeys(("points", "band"), "Kitwright score")
        more = dict.fromkeys(
            ("probability", "percentile", "reasons", "scored_at"), "Kitwright band"
        )
        crm = crm_for("pipedrive", server, {"token": "t"}, fields={**fields, **more})
        outcomes = crm.write(writes)
    assert [one.ok for one in outcomes] == [True, True, False, False, False]
    assert all(one.retry and not one.gone for one in outcomes[2:])


def test_a_crm_that_becomes_too_slow_is_left_alone_and_gets_its_scores_later(scene: Scene) -> None:
    with scene.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "timeout_s": 0.5}
    scene.score("1", 50)
    act = scene.portal.act
    scene.server.act = lambda asked: Reply({}, wait_s=20)
    writer = scene.writer()
    scene.settle(writer, 6)
    assert scene.lead("1").write_at is not None and scene.lead("1").dead == ""
    asked = len(scene.server.asked)
    scene.settle(writer, 30, seconds=1)
    assert len(scene.server.asked) - asked <= 3, "it is left alone"
    scene.server.act = act
    scene.settle(writer, 40)
    assert scene.shown("1") == "50"
