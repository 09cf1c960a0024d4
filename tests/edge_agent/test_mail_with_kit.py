"""The triage kit at work in a real mailbox: what it learned decides where mails go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from kits.core.bundle import GoldenSample, GoldenSet, pack
from kits.core.mail.writing import write_message
from kits.core.operating_point import Band
from kits.core.prediction import prediction_to_json
from kits.support_triage.config import Config
from tests.edge_agent.mail_parts import decisions, mail_config
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, kill_leftovers, needs_dovecot
from tests.support_triage.learned import STRANGE, dataset_of, learn, made_up

pytest.importorskip("sklearn", reason="the device side's Python has no trainer")
pytestmark = needs_dovecot
FOLDERS = {"refund": "Refunds", "invoice": "Invoices", "order": "Orders"}


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    data = dataset_of([*made_up(120), *made_up(30, seed=1, split="val")])
    learned = learn(data, Config(approach="ngrams"), tmp_path_factory.mktemp("run"))
    golden = write_message(subject="", body="please refund the lamp")
    said = prediction_to_json(learned.runtime.predict([golden])[0])
    point = learned.bundle.operating_point.model_copy(
        update={"default": Band(act_at=0.6, review_from=0.0), "action": "file"}
    )
    verdict = "act" if float(str(said["score"])) >= 0.6 else "review"
    sample = GoldenSample(
        path="golden/0.eml", media_type="message/rfc822", prediction=said, verdict=verdict
    )
    files = {**learned.bundle.files, "golden/0.eml": golden, "card.md": b"# test", "kit.yaml": b""}
    return pack(learned.bundle.manifest, point, GoldenSet(samples=(sample,)), files)


def test_what_the_kit_is_sure_of_is_filed_and_the_rest_is_left_to_a_person(
    tmp_path: Path, bundle: bytes
) -> None:
    server = Dovecot().start()
    mails = [*((m.label, m.text) for m in made_up(30, seed=5)), *(("", text) for text in STRANGE)]
    server.deliver(
        *(
            write_message(
                subject="A question", body=text, sender=f"c{n}@example.com",
                message_id=f"<{n}@example.com>",
            )
            for n, (_, text) in enumerate(mails)
        )
    )  # fmt: skip
    config = mail_config(tmp_path, server, filing={"folders": FOLDERS})
    assert config.bundle is not None
    config.bundle.write_bytes(bundle)
    summary = Agent(config).run()
    assert summary.samples == len(mails)
    truth = {f"<{n}@example.com>": label for n, (label, _) in enumerate(mails)}
    filed = {one: label for label, folder in FOLDERS.items() for one in server.ids(folder)}
    wrong = [one for one, label in filed.items() if truth[one] != label]
    assert len(filed) >= 20
    assert len(wrong) <= 1
    assert set(server.ids("INBOX")) == set(truth) - set(filed)
    assert all("language" in str(body.prediction["details"]) for body in decisions(config))
