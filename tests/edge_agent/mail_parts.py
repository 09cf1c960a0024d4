"""Builders for mailboxes: a kit that sorts mails by a word in them and drafts replies, its bundle, an agent."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_agent.config import AgentConfig
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.opening import ledger_path
from edge_agent.sync.outbox import Outbox
from kits.core.bundle import Artefact, BundleManifest, GoldenSample, GoldenSet, pack
from kits.core.events import DecisionBody, DraftBody, LabelBody
from kits.core.operating_point import Band, ErrorBound, OperatingPoint
from kits.core.sample import digest_of
from kits.core.stats import Estimate
from tests.edge_agent.mail_servers import Dovecot, a_mail
from tests.edge_agent.parts import agent_config, rows_of, tiny_onnx
from tests.third_party import write_kit

_RUNTIME = '''
"""Sorts by a word: `order` (0.9), `invoice` (0.8), else nothing known (0.0)."""
import os
import re

from kits.core.correspondence import Brief, Lookup, Question
from kits.core.mail.message import read_message
from kits.core.prediction import Draft, Prediction, Quantity, Reason, Span
from kits.core.runtime import StageTimes

WORDS = {"order": 0.9, "invoice": 0.8}


class Sorter:
    def __init__(self, config):
        self._config = config

    def decode(self, content, media_type):
        return content

    def encode(self, payload):
        return payload, "message/rfc822"

    def predict(self, payloads):
        return [self._one(p) for p in payloads]

    def predict_timed(self, payload):
        return self._one(payload), StageTimes(0.1, 0.2, 0.1)

    def _one(self, content):
        message = read_message(content)
        text = (message.subject + " " + message.plain).lower()
        if "crash" in text:
            raise RuntimeError("a kit's fault")
        if "poison" in text:
            os._exit(11)
        for word, score in WORDS.items():
            if word in text:
                return Prediction(
                    score=score, label=word, reasons=(Reason("the word " + word, 1.0),),
                    spans=tuple(
                        Span(*m.span(), kind, m.group(), value=value + m.group())
                        for m in re.finditer("[0-9]{5}", text)
                        for kind, value in (("order", "No. "), ("phone", ""))
                    ),
                    quantities=(Quantity("urgency", 3.0, "level"),),
                )
        level = 4.0 if "at once" in text else 2.0
        return Prediction(score=0.0, label="oos", quantities=(Quantity("urgency", level, "level"),))

    def lookups(self, payload, prediction):
        return (Lookup("order", "4711"),)

    def brief(self, payload, prediction):
        return Brief("", "en", prediction.label, ())

    def question(self, payload, prediction):
        return Question(read_message(payload).plain, {"order": "", "invoice": "", "oos": ""})

    def draft(self, payload, prediction, records=(), written=""):
        if prediction.label == "oos":
            return None
        known = "; ".join(str(r.fields.get("state", "?")) for r in records)
        body = "Hello,\\n\\nyour " + prediction.label + " is on its way." + (" State: " + known if known else "")
        cut = ("no such record",) if "unknown" in read_message(payload).plain else ()
        return Draft("", body + "\\n\\nKind regards", "en", ("template", "template"), cut)


def load(bundle, sessions, target="cpu"):
    return Sorter(bundle.manifest.config)
'''

_KIT_YAML = """
name: tiny-mail
title: Mail
task: sorts mails by a word
tier: experimental
media_types: [message/rfc822]
extras: []
hardware: any
metrics: [accuracy]
formats: [eml]
runtime_imports: []
"""


def write_mail_kit(folder: Path) -> None:
    """A third-party kit for mails, installed as an entry point."""
    write_kit(folder, "tiny_mail", "tiny-mail", runtime=_RUNTIME, manifest=_KIT_YAML)


def make_mail_bundle(version: int = 1, *, act_at: float = 0.7, epsilon: float = 0.02) -> bytes:
    """A bundle of the kit: acts from 0.7, looks below."""
    model = tiny_onnx()
    manifest = BundleManifest(
        kit="tiny-mail",
        name="mail",
        project="shop",
        version=version,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        media_types=("message/rfc822",),
        labels=("invoice", "oos", "order"),
        artefacts=(
            Artefact(
                role="model", path="m.onnx", precision="fp32", target="any", digest=digest_of(model)
            ),
        ),
        config={},
        dataset="d",
        seed=0,
        run="r",
    )
    bound = ErrorBound(
        epsilon=epsilon, delta=0.05, n=2000, accepted=1600, errors=16,
        coverage=Estimate(value=0.8, low=0.78, high=0.82, n=2000), upper=0.019,
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=act_at, review_from=0.0),
        action="file",
        bound=bound,
        method="test",
        dataset="d",
        seed=0,
    )
    golden = GoldenSet(
        samples=(
            GoldenSample(
                path="golden/0.eml",
                media_type="message/rfc822",
                prediction={"score": 0.9, "label": "order"},
                verdict="act",
            ),
        )
    )
    files = {
        "m.onnx": model,
        "golden/0.eml": a_mail(),
        "card.md": b"# mail",
        "kit.yaml": b"",
    }
    return pack(manifest, point, golden, files)


def mail_config(folder: Path, server: Dovecot, **source: Any) -> AgentConfig:
    """An agent at a mailbox that does everything once and ends."""
    (folder / "m.kwb").write_bytes(make_mail_bundle())
    given: dict[str, Any] = {
        "kind": "imap", "host": "127.0.0.1", "port": server.port, "security": "plain",
        "user": "shop", "password_env": "KW_TEST_MAIL_PASSWORD", "since": "2000-01-01",
        "once": True, "dry_run": False, "poll_s": 1,
        "filing": {"folders": {"order": "Orders", "invoice": "Büro/Rechnungen"}},
        "drafts": {"sender": "shop@shop.example"},
        "learning": {"audit_share": 0, "every_s": 1},
    }  # fmt: skip
    return agent_config(
        folder, folder, bundle="m.kwb", source={**given, **source}, selection={"audit_rate": 0}
    )


def rows(config: AgentConfig, klass: str = "s") -> list[Any]:
    """The bodies of a class that wait in the outbox of an agent that has ended."""
    outbox = Outbox(config.state_dir, config.outbox.budgets())
    try:
        return [event.body for event in rows_of(outbox, klass)]  # type: ignore[arg-type]  # a class's letter
    finally:
        outbox.close()


def decisions(config: AgentConfig) -> list[DecisionBody]:
    return [body for body in rows(config) if isinstance(body, DecisionBody)]


def labels(config: AgentConfig) -> list[LabelBody]:
    return [body for body in rows(config, "l") if isinstance(body, LabelBody)]


def fates(config: AgentConfig) -> list[DraftBody]:
    return [body for body in rows(config, "l") if isinstance(body, DraftBody)]


def ledger_of(config: AgentConfig) -> Ledger:
    return Ledger(ledger_path(config.state_dir))
