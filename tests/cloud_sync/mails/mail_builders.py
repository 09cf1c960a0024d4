"""Builders for tests of mails: rows as an agent at a mailbox sends them, and a hub that knows their bundle."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage

from pydantic import JsonValue

from cloud_sync.hub import Hub
from cloud_sync.store.models import Blob, Bundle, Project, Release
from kits.core import bundle as formats
from kits.core.events import BlobRef, DecisionBody, DraftBody, Event, LabelBody, Stamp
from kits.core.mail_remarks import MailRemarks, write_remarks
from kits.core.operating_point import Band, ErrorBound, OperatingPoint
from kits.core.releases import target_path
from kits.core.sample import digest_of
from kits.core.stats import proportion
from tests.cloud_sync.fleet_builders import AT, put_blob

PROJECT = "shop"
MAIL = "message/rfc822"
ANN, BOB = "ann@example.org", "bob@example.net"


def days(n: float) -> datetime:
    """So long after the tests' noon."""
    return AT + timedelta(days=n)


def letter(
    sender: str = ANN, text: str = "Where is order 4711?", subject: str = "My order"
) -> bytes:
    """A mail as a mailbox holds it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "shop@example.com", subject
    mail["Message-ID"] = f"<{digest_of((sender + text).encode())[:12]}@example.org>"
    mail.set_content(text)
    return mail.as_bytes()


def mail_row(
    seq: int,
    name: str,
    at_d: float = 0.0,
    *,
    verdict: str = "act",
    label: str = "order-status",
    content: bytes = b"",
    audit: bool = False,
    bundle: str = "",
    group: str = "",
    meta: dict[str, JsonValue] | None = None,
) -> Event:
    """A decision on a mail; an audit mail was left to a person though it would have been filed."""
    blob = None
    if content:
        blob = BlobRef(digest=digest_of(content), size=len(content), media_type=MAIL)
    body = DecisionBody(
        sample_id=name, captured_at=days(at_d), media_type=MAIL, bundle=bundle or bundle_id(),
        verdict="review" if audit else verdict, score=0.97, label=label, blob=blob, group=group,
        reason="score 0.97", source="mailbox", kept_for="audit" if audit else "",
        prediction={"score": 0.97, "label": label, "spans": [{"text": "4711"}]},
        meta=write_remarks(meta or {}, MailRemarks(audit=True) if audit else MailRemarks()),
    )  # fmt: skip
    return Event(seq=seq, klass="s", at=stamp(body.captured_at, seq), body=body)


def filed(seq: int, name: str, label: str, at_d: float = 0.1) -> Event:
    """A person put the mail where mails of this intent lie."""
    stated: dict[str, JsonValue] = {
        "label": label,
        "author": "mailbox",
        "at": days(at_d).isoformat(),
    }
    body = LabelBody(sample_id=name, annotation=stated)
    return Event(seq=seq, klass="l", at=stamp(days(at_d), seq), body=body)


def draft(
    seq: int, name: str, fate: str = "accepted", at_d: float = 0.05, **fields: object
) -> Event:
    """What became of the draft that answers a mail."""
    values = {"sample_id": name, "fate": fate, "intent": "order-status", "bundle": bundle_id(),
              "at": days(at_d), **fields}  # fmt: skip
    body = DraftBody.model_validate(values)
    return Event(seq=seq, klass="l", at=stamp(body.at, seq), body=body)


def stamp(at: datetime, seq: int) -> Stamp:
    return Stamp(wall=at, mono_ns=seq * 1_000_000, boot="b1", trust="ntp")


def mail_bundle(
    version: int = 1,
    *,
    epsilon: float = 0.02,
    promises: bool = True,
    accepted: int = 800,
    golden: bytes = b"",
) -> bytes:
    """A real bundle whose operating point promises a share of wrong decisions at most."""
    model = bytes([version]) * 64
    manifest = formats.BundleManifest(
        kit="support-triage", name=PROJECT, project=PROJECT, version=version, created_at=AT,
        media_types=(MAIL,), config={}, dataset="", seed=1, run="run-1",
        artefacts=(
            formats.Artefact(
                role="model", path="models/m.onnx", precision="fp32", target="any",
                digest=digest_of(model),
            ),
        ),
    )  # fmt: skip
    bound = ErrorBound(
        epsilon=epsilon, delta=0.05, n=1000, accepted=accepted, errors=min(5, accepted),
        coverage=proportion(accepted, 1000), upper=0.013,
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=0.9, review_from=0.0), action="file", method="test", dataset="d", seed=1,
        bound=bound if promises else None,
    )  # fmt: skip
    files = {"models/m.onnx": model, "card.md": b"# card"}
    samples = ()
    if golden:
        files["golden/1.eml"] = golden
        one = formats.GoldenSample(
            path="golden/1.eml", media_type=MAIL, prediction={"score": 0.9}, verdict="act"
        )
        samples = (one,)
    return formats.pack(manifest, point, formats.GoldenSet(samples=samples), files)


def bundle_id(version: int = 1) -> str:
    return formats.bundle_id(mail_bundle(version))


def know_bundle(hub: Hub, version: int = 1, *, kit_yaml: str = "", golden: bytes = b"") -> str:
    """The hub has the bundle, released; its id."""
    content = mail_bundle(version, golden=golden)
    digest = put_blob(hub, content)
    with hub.database.transaction() as session:
        if session.get(Project, PROJECT) is None:
            session.add(Project(name=PROJECT, kit="support-triage", kit_yaml=kit_yaml))
        assert session.get(Blob, digest) is not None
        session.flush()
        row = Bundle(
            id=formats.bundle_id(content), project=PROJECT, name=PROJECT, version=version,
            kit="support-triage", blob=digest, size=len(content), origin="publisher",
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(
            Release(
                target=target_path(PROJECT, version),
                project=PROJECT,
                release=version,
                bundle=row.id,
            )
        )
    return row.id
