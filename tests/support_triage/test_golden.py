"""A signed bundle holds no customer's mail: golden samples are made of words that many wrote."""

from __future__ import annotations

from pathlib import Path

from kits.core.mail.message import read_message
from kits.core.ready import ReadyBundle
from kits.support_triage import KIT
from kits.support_triage._learning.golden import COMMON, golden_mails
from kits.support_triage._learning.mails import Mail
from kits.support_triage.config import Config
from kits.toolchain.golden import choose_golden
from tests.support_triage.learned import dataset_of, learn, made_up


def mail(text: str, group: str) -> Mail:
    return Mail(group, text, "en", "refund", (), (), group)


def texts(mails: list[Mail]) -> list[str]:
    return [read_message(m).plain.strip() for m in golden_mails(mails, ["where_is_my_order"])]


def test_only_words_that_several_correspondents_wrote_are_in_a_golden_mail() -> None:
    names = ("Mia", "Ben", "Ida", "Tom", "Eva", "Jan", "Zoe", "Max", "Lea")
    mails = [mail(f"Please refund the lamp, I am {name} 4711", name) for name in names]
    assert texts(mails) == ["please refund the lamp am", "where is my order"]


def test_one_who_writes_often_is_still_one() -> None:
    name = [mail("Please refund the lamp. Zebedee", "zebedee") for _ in range(30)]
    others = [mail("Please refund the lamp.", f"who{n}") for n in range(COMMON)]
    assert texts([*name, *others]) == ["please refund the lamp", "where is my order"]


def test_too_little_in_common_leaves_the_labels_names() -> None:
    assert texts([mail("Zebedee wants the moon", "z")]) == ["where is my order"]


def test_a_device_can_prove_itself_by_made_mails(tmp_path: Path) -> None:
    data = dataset_of([*made_up(90), *made_up(30, seed=1, split="val")])
    made = learn(data, Config(approach="ngrams"), tmp_path)
    exported = KIT.export.export(tmp_path, data, Config(approach="ngrams"))
    assert exported.golden is not None
    ready = ReadyBundle(made.bundle, made.runtime)
    golden = choose_golden(ready, exported.golden)
    assert len(golden) >= 5
    real = {data.content(item) for item in data.items}
    assert not real & {content for _, content in golden}
    assert not any(char.isdigit() for _, content in golden for char in read_message(content).plain)
