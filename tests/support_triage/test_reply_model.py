"""A reply model learns to choose what the firm says, from the mails it answered, and ships only where it gains."""

from __future__ import annotations

import json
import mailbox
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kits.core.correspondence import Brief, Passage
from kits.core.errors import ConfigError, DataError, MachineError
from kits.core.kit import NoProgress
from kits.core.mail.writing import write_message
from kits.core.runtime import Runtime
from kits.core.stats import Estimate
from kits.support_triage._replies.adapter import ReplyModelConfig, Tuned, ready, tune
from kits.support_triage._replies.examples import (
    Example,
    examples_of,
    parts_of,
    said_of,
)
from kits.support_triage._replies.pairs import Looked, pairs_of, raw_mails
from kits.support_triage._replies.recipe import ReplyModel, read_examples
from kits.support_triage.config import Config
from tests.support_triage.learned import dataset_of, learn, made_up

FIRM = "support@shop.example"
POLICY = "Money comes back within five days of a refund."


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def asked(number: int, body: str = "when do i get the money back", **headers: str) -> bytes:
    return write_message(
        subject="refund", body=body, sender=f"ann{number}@mail.example", to=FIRM,
        message_id=f"<q{number}@mail.example>", extra=tuple(headers.items()),
    )  # fmt: skip


def answered(number: int, body: str = POLICY, sender: str = FIRM, **headers: str) -> bytes:
    quoted = f"{body}\n\nOn Mon, Nov 23, 2026 at 9:14 AM Ann <a@mail.example> wrote:\n> the money"
    return write_message(
        subject="Re: refund", body=quoted, sender=sender, to=f"ann{number}@mail.example",
        message_id=f"<a{number}@shop.example>", extra=(("In-Reply-To", f"<q{number}@mail.example>"), *headers.items()),
    )  # fmt: skip


def brief(*passages: str) -> Brief:
    return Brief("…", "en", "refund", tuple(Passage(f"{n}.md", p) for n, p in enumerate(passages)))


# -- pairs -----------------------------------------------------------------------------------------


def test_an_answer_belongs_to_the_mail_it_names_whatever_order_they_lie_in() -> None:
    mails = [answered(1), asked(2), asked(1), answered(2, "No."), asked(3)]
    pairs = {pair.asked: pair.answer.body for pair in pairs_of(lambda: mails, [FIRM.upper()])}
    assert pairs == {asked(1): POLICY, asked(2): "No."}


def test_machines_and_strangers_answer_nothing_and_are_not_answered() -> None:
    vacation = asked(1, **{"Auto-Submitted": "auto-replied"})
    mails = [vacation, answered(1), asked(2), answered(2, sender="mallory@evil.example")]
    assert list(pairs_of(lambda: mails, [FIRM])) == []


@pytest.mark.parametrize("kind", ["mbox", "eml", "maildir"])
def test_mailboxes_of_every_kind_are_read(tmp_path: Path, kind: str) -> None:
    mails = [asked(1), answered(1)]
    place = tmp_path / "archive"
    if kind == "mbox":
        box = mailbox.mbox(place)
        for mail in mails:
            box.add(mail)
        box.close()
    elif kind == "maildir":
        folder = mailbox.Maildir(place)
        for mail in mails:
            folder.add(mail)
    else:
        place.mkdir()
        for number, mail in enumerate(mails):
            (place / f"{number}.eml").write_bytes(mail)
    assert len(list(pairs_of(lambda: raw_mails(place), [FIRM]))) == 1


def test_a_mail_is_let_go_of_before_the_next_one_is_read() -> None:
    """Of an archive with attachments all that was answered lay in memory, twice."""

    passes = iter([(asked(1), answered(1)), (mail for mail in (asked(1), b"more"))])
    second: Iterator[bytes] = iter(())

    def read() -> Iterable[bytes]:
        nonlocal second
        second = iter(next(passes))
        return second

    assert next(pairs_of(read, [FIRM])).asked == asked(1)
    assert list(second) == [b"more"]


def test_pairs_of_one_thread_bear_its_name() -> None:
    follows = {
        "References": "<q1@mail.example> <a1@shop.example>",
        "In-Reply-To": "<a1@shop.example>",
    }
    mails = [asked(1), answered(1), asked(2, **follows), answered(2), asked(3), answered(3)]
    first, second, other = [pair.thread for pair in pairs_of(lambda: mails, [FIRM])]
    assert first == second == "<q1@mail.example>" and other == "<q3@mail.example>"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(asked(1))
    (tmp_path / "2.eml").write_bytes(answered(1))
    (tmp_path / "3.msg").write_bytes(b"no mail of Outlook's")
    (tmp_path / "4.eml").write_bytes(b"")
    looked = Looked()
    assert len(list(pairs_of(lambda: raw_mails(tmp_path, looked), [FIRM], looked))) == 1
    assert (looked.mails, looked.own) == (2, 1)
    assert set(looked.left_out) == {"3.msg", "mail 3"}


@pytest.mark.parametrize(
    ("mails", "said"),
    [
        ([asked(1)], "none of 1 mails is from support@shop.example"),
        ([asked(1), answered(2)], "none of your 1 mails answers another one of these 2"),
        ([b""], "no mail can be read here"),
    ],
)
def test_where_nothing_was_answered_it_is_said_what_is_missing(
    tmp_path: Path, mails: list[bytes], said: str, runtime: Runtime
) -> None:
    for number, mail in enumerate(mails):
        (tmp_path / f"{number}.eml").write_bytes(mail)
    with pytest.raises(DataError, match=said) as caught:
        read_examples(tmp_path, [FIRM], runtime, NoProgress())
    assert caught.value.where and caught.value.fix


def test_a_folder_without_mails_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no mails here"):
        list(raw_mails(tmp_path))


# -- examples --------------------------------------------------------------------------------------


def test_what_the_firm_said_of_its_passages_is_chosen_in_the_order_it_said_it() -> None:
    given = brief("We ship daily. Returns take 30 days.", f"{POLICY} Ask us.")
    answer = f"Hello Ann, {POLICY[0].lower()}{POLICY[1:]} And returns take 30 days! Bye."
    assert said_of(given, POLICY + " And returns take 30 days!") == [
        ("1.md", POLICY),
        ("0.md", "Returns take 30 days."),
    ]
    assert ("1.md", POLICY) in said_of(given, answer)


def test_an_answer_out_of_nowhere_teaches_to_choose_nothing() -> None:
    assert said_of(brief(POLICY), "I will call you tomorrow about the lamp.") == []


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Of a bundle that may cite one page."""
    folder = tmp_path_factory.mktemp("learned")
    (folder / "knowledge").mkdir()
    (folder / "knowledge" / "refunds.md").write_text(f"# Refunds\n\n{POLICY}\n")
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    config = Config(approach="ngrams", knowledge=str(folder / "knowledge"))
    return learn(data, config, folder / "run").runtime


def test_no_personal_data_is_learned(runtime: Runtime) -> None:
    body = (
        "please refund the lamp, when do i get the money back? my mail is bob.miller@mail.example"
    )
    pairs = list(pairs_of(lambda: [asked(1, body), answered(1)], [FIRM]))
    (example,) = examples_of(pairs, runtime)
    assert "bob.miller" not in example.told and "<EMAIL_1>" in example.told
    assert json.loads(example.written)["sentences"][0]["text"] == POLICY
    assert example.chosen == 1


def test_threads_stay_whole_and_what_was_learned_is_not_unseen() -> None:
    """Mails of one thread lay on both sides, and each counted as an unseen conversation."""
    threads = [Example(f"mail {n}", "{}", 0, f"t{n % 30}") for n in range(90)]
    thanks = [Example("thanks", "{}", 0, f"t{n}") for n in range(30)]
    parts = parts_of([*threads, *thanks], 20, np.random.default_rng(0))
    assert len(set(parts.conversations)) == 6 and len(parts.unseen) == 18
    assert len(parts.learned) == 96
    assert not {n % 30 for n in parts.learned} & {n % 30 for n in parts.unseen}


def test_mails_of_which_nothing_is_known_are_conversations_of_their_own() -> None:
    parts = parts_of(conversations(40), 20, np.random.default_rng(0))
    assert len(set(parts.conversations)) == len(parts.unseen) == 8 and len(parts.learned) == 32


def test_mails_that_all_say_the_same_judge_nothing() -> None:
    with pytest.raises(DataError, match="say too much alike"):
        parts_of([Example("a form", "{}", 0)] * 40, 20, np.random.default_rng(0))


# -- tuning ----------------------------------------------------------------------------------------


def tiny_chat_model(folder: Path, template: bool = True) -> Path:
    """A Llama of random weights, a few thousand, with a tokenizer of single characters."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<pad>", "<end>", *letters]
    tokenizer = Tokenizer(models.BPE(vocab={c: n for n, c in enumerate(names)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>")
    if template:
        fast.chat_template = (
            "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
        )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(names), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
        pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    return folder


def conversations(count: int) -> list[Example]:
    return [Example(f"mail {n}", '{"sentences": []}', 0) for n in range(count)]


def settings(base: Path, **more: object) -> ReplyModelConfig:
    return ReplyModelConfig.model_validate(
        {"base": str(base), "epochs": 4, "learning_rate": 0.02, "batch": 8, **more}
    )


# peft asks for an attribute by a name that transformers is about to give up
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_that_gains_is_written_with_what_it_came_from(tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = tiny_chat_model(tmp_path / "base")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kitwright.json").write_text("of an earlier run")
    (tmp_path / "out" / "earlier.txt").touch()
    made = tune(conversations(40), settings(base), tmp_path / "out", device="cpu")
    assert {file.name for file in tmp_path.iterdir()} == {"base", "out"}, "nothing is left behind"
    assert not (tmp_path / "out" / "earlier.txt").exists()
    assert made.alike == made.left_out == 0
    assert made.kept and made.gain.low > 0 and made.after.value < made.before.value
    assert made.examples == 32 and made.before.n == 8
    card = json.loads((tmp_path / "out" / "kitwright.json").read_text())
    assert card["seed"] == 0 and len(card["dataset"]) == 64 and card["gain"]["n"] == 8
    assert not list((tmp_path / "out").glob("*.bin")), "weights are safetensors"
    again = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "out")
    assert any("lora" in name for name, _ in again.named_parameters())


# peft asks for an attribute by a name that transformers is about to give up
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_that_gains_nothing_is_not_written(tmp_path: Path) -> None:
    base = tiny_chat_model(tmp_path / "base")
    made = tune(
        conversations(30),
        settings(base, learning_rate=1e-9, epochs=1),
        tmp_path / "out",
        device="cpu",
    )
    assert not made.kept
    assert not (tmp_path / "out").exists()


def test_a_few_long_threads_are_few_conversations(tmp_path: Path) -> None:
    base = tiny_chat_model(tmp_path / "base")
    threads = [Example(f"mail {n}", '{"sentences": []}', 0, f"t{n % 19}") for n in range(57)]
    with pytest.raises(DataError, match="57 answered mails in 19 conversations are too few"):
        tune(threads, settings(base), tmp_path / "out", device="cpu")


def test_a_folder_of_something_else_is_not_written_into(tmp_path: Path) -> None:
    config = settings(tiny_chat_model(tmp_path / "base"))
    with pytest.raises(ConfigError, match="would be lost"):
        ready(config, tmp_path / "base", "cpu")
    (tmp_path / "empty").mkdir()
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "kitwright.json").write_text("{}")
    for free in ("empty", "earlier", "new"):
        ready(config, tmp_path / free, "cpu")


def test_a_place_that_cannot_be_written_is_told_before_anything_begins(tmp_path: Path) -> None:
    (tmp_path / "base").touch()
    (tmp_path / "models").mkdir()
    with pytest.raises(OSError, match="base"):
        ready(settings(tmp_path), tmp_path / "base" / "out", "cpu")
    ready(settings(tmp_path), tmp_path / "models" / "new" / "out", "cpu")
    assert [file.name for file in (tmp_path / "models").rglob("*")] == ["new"]


@pytest.mark.parametrize(
    ("device", "kind", "said"),
    [
        ("gpu", ConfigError, "no such device"),
        ("cuda:first", ConfigError, "no such device"),
        ("cuda:99", MachineError, "no such GPU"),
    ],
)
def test_a_device_that_is_not_there_is_told_before_anything_begins(
    tmp_path: Path, device: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        ready(settings(tmp_path), tmp_path / "out", device)


def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MachineError, match="'peft'") as error:
        ready(settings(tmp_path), tmp_path / "out", "cpu")
    assert "pip install" in error.value.fix


def test_weights_that_were_cut_off_are_refused(tmp_path: Path) -> None:
    base = tiny_chat_model(tmp_path / "base")
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ConfigError, match="cannot be loaded"):
        tune(conversations(30), settings(base), tmp_path / "out", device="cpu")


def test_each_answered_mail_is_accounted_for_and_an_adapter_of_an_earlier_run_is_none_of_this_one(
    tmp_path: Path,
) -> None:
    loss = Estimate(value=1, low=1, high=1, n=8)
    tuned = Tuned(tmp_path / "out", 32, 2, loss, loss, loss, unseen=8, alike=3, kept=False)
    said = ReplyModel(50, 9, tuned, {}, stays=True).lines()
    assert "lies the one of an earlier run" in said[0] and len(said) == 2
    assert said[1] == (
        "50 answered mails: 32 learned from, 8 judged by, 3 kept aside that say what a learned one says,"
        " 5 for which no page is shown, 2 too long; 9 of all cite a passage"
    )
    unread = {f"{n}.eml": "nothing in it" for n in range(4)}
    said = ReplyModel(50, 9, tuned, unread, stays=False).lines()
    assert "earlier" not in said[0] and "on 8 answers in 8 unseen conversations" in said[0]
    assert said[2].startswith("4 mails could not be read: 0.eml: nothing in it; ")


def test_what_does_not_fit_is_left_out_and_too_little_is_refused(tmp_path: Path) -> None:
    base = tiny_chat_model(tmp_path / "base")
    long = [Example("x" * 5000, "{}", 0) for _ in range(30)]
    with pytest.raises(DataError, match="too few"):
        tune([*long, *conversations(5)], settings(base), tmp_path / "out", device="cpu")


def test_nothing_is_downloaded_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such model"):
        tune(conversations(30), settings(Path("some/instruct-model")), tmp_path, device="cpu")


def test_a_model_that_cannot_chat_is_refused(tmp_path: Path) -> None:
    base = tiny_chat_model(tmp_path / "base", template=False)
    with pytest.raises(ConfigError, match="chat template"):
        tune(conversations(30), settings(base), tmp_path / "out", device="cpu")
