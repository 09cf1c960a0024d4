"""What an agent at a mailbox runs of this kit: light imports, and the same answers wherever it runs.

These tests run on the oldest Python of a device too (`tests/device_python.sh`): nothing here may need a trainer.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from kits.core.bundle import Bundle, BundleManifest, GoldenSet, open_bytes, pack
from kits.core.correspondence import Correspondent
from kits.core.mail.writing import write_message
from kits.core.operating_point import Band, OperatingPoint
from kits.core.ready import ReadyBundle, make_ready
from kits.support_triage._drafting.knowledge import build_knowledge
from kits.support_triage._features.ngrams import learn_ngrams
from kits.support_triage._models.classifier import INTENT, ngram_files
from kits.support_triage._models.heads import Head, head_files
from kits.support_triage._models.spec import ClassifierSpec, HeadSpec
from kits.support_triage.runtime import KNOWLEDGE_FILE, MEDIA_TYPE, TriageSpec

HEAVY = (
    "torch", "transformers", "peft", "ultralytics", "sklearn", "pandas", "scipy", "xgboost", "pyarrow", "onnx",
    "cv2", "pypdf", "kits.toolchain", "kits.support_triage.train",
)  # fmt: skip
SAID = {
    "invoice": ("please send the invoice again", "my invoice is wrong"),
    "parcel": ("where is my parcel", "the parcel has not arrived"),
}


def test_neither_runtime_nor_mailbox_imports_what_only_training_needs() -> None:
    code = (
        "import sys; import kits.support_triage.runtime, edge_agent.agent, edge_agent.sources.imap; "
        f"bad = set({HEAVY!r}) & set(sys.modules); print(sorted(bad)); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def ready(tmp_path: Path) -> ReadyBundle:
    """A bundle whose weights were added up by hand: each intent likes the pieces of its own sentences."""
    texts = [(text, label) for label, said in SAID.items() for text in said]
    ngrams = learn_ngrams([text for text, _ in texts])
    weights = np.zeros((ngrams.size, len(SAID)), np.float32)
    for text, label in texts:
        columns, values = ngrams.row(text)
        weights[columns, sorted(SAID).index(label)] += values
    head = HeadSpec(classes=tuple(sorted(SAID)), view="none", ngram_weight=1.0, ngram_scale=5.0)
    spec = TriageSpec(classifier=ClassifierSpec(approach="ngrams", intent=head))
    made = Head(head, None, weights.astype(np.float16), np.zeros(len(SAID), np.float32))
    (tmp_path / "shipping.md").write_text(
        "# Where is my parcel?\n\nA parcel takes three days to arrive.\n"
    )
    (tmp_path / "invoices.md").write_text("# Invoices\n\nInvoices are sent by mail.\n")
    knowledge = build_knowledge(tmp_path, language_of=lambda text: "en")
    files = {
        **head_files(INTENT, made), **ngram_files(ngrams),
        KNOWLEDGE_FILE: knowledge.to_json().encode(), "card.md": b"", "kit.yaml": b"",
    }  # fmt: skip
    manifest = BundleManifest(
        kit="support-triage", name="shop", project="shop", version=1,
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc), media_types=(MEDIA_TYPE,),
        labels=tuple(sorted(SAID)), artefacts=(), config=spec.model_dump(mode="json", by_alias=True),
        dataset="d" * 64, seed=0, run="r",
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=0.8, review_from=0.0), action="file", method="by hand",
        dataset="d" * 64, seed=0,
    )  # fmt: skip
    bundle: Bundle = open_bytes(pack(manifest, point, GoldenSet(), files))
    return make_ready(bundle)


def mail(body: str, **headers: str) -> bytes:
    return write_message(
        subject="", body=body, sender="ann@mail.example", extra=tuple(headers.items())
    )


def test_a_mail_is_decided_and_answered_from_the_bundle_alone(ready: ReadyBundle) -> None:
    content = mail("Where is my parcel, and when does it arrive?")
    prediction = ready.predict_bytes(content, MEDIA_TYPE)
    assert prediction.label == "parcel"
    assert ready.decide(prediction).verdict == "act"
    assert isinstance(ready.runtime, Correspondent)
    draft = ready.runtime.draft(content, prediction)
    assert draft is not None
    assert "A parcel takes three days to arrive." in draft.body


def test_what_is_like_nothing_known_goes_to_a_person(ready: ReadyBundle) -> None:
    prediction = ready.predict_bytes(mail("The choir sings on Sunday."), MEDIA_TYPE)
    assert ready.decide(prediction).verdict == "review"


def test_a_machine_is_never_answered(ready: ReadyBundle) -> None:
    content = mail("Where is my parcel?", **{"Auto-Submitted": "auto-replied"})
    prediction = ready.predict_bytes(content, MEDIA_TYPE)
    assert isinstance(ready.runtime, Correspondent)
    assert prediction.details["automatic"]
    assert ready.runtime.draft(content, prediction) is None
    assert ready.runtime.lookups(content, prediction) == ()
