"""A reply model learns to choose what the firm says, from the mails it answered, and ships only where it gains."""

from __future__ import annotations

import json
import mailbox
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.core.correspondence import Brief, Passage
from kits.core.errors import ConfigError, DataError
from kits.core.mail.writing import write_message
from kits.support_triage._replies.adapter import ReplyModelConfig, tune
from kits.support_triage._replies.examples import Example, examples_of, said_of
from kits.support_triage._replies.pairs import pairs_of, raw_mails
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


def answered(number: int, body: str = POLICY, sender: str = FIRM) -> bytes:
    quoted = f"{body}\n\nOn Mon, Nov 23, 2026 at 9:14 AM Ann <a@mail.example> wrote:\n> the money"
    return write_message(
        subject="Re: refund", body=quoted, sender=sender, to=f"ann{number}@mail.example",
        message_id=f"<a{number}@shop.example>", extra=(("In-Reply-To", f"<q{number}@mail.example>"),),
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


def test_no_personal_data_is_learned(tmp_path: Path) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    (knowledge / "refunds.md").write_text(f"# Refunds\n\n{POLICY}\n")
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    config = Config(approach="ngrams", knowledge=str(knowledge))
    runtime = learn(data, config, tmp_path / "run").runtime
    body = (
        "please refund the lamp, when do i get the money back? my mail is bob.miller@mail.example"
    )
    pairs = list(pairs_of(lambda: [asked(1, body), answered(1)], [FIRM]))
    (example,) = examples_of(pairs, runtime)
    assert "bob.miller" not in example.told and "<EMAIL_1>" in example.told
    assert json.loads(example.written)["sentences"][0]["text"] == POLICY
    assert example.chosen == 1


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
    made = tune(conversations(40), settings(base), tmp_path / "out", device="cpu")
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
