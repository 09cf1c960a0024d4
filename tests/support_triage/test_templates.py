"""Phrases in twelve languages, and a firm's own in their place."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from kits.core.errors import ConfigError
from kits.support_triage._drafting.sentences import split_sentences
from kits.support_triage._drafting.templates import (
    FACTS,
    LANGUAGES,
    FirmTemplates,
    Templates,
    load_templates,
    phrases,
)


def _templates(**firm: object) -> Templates:
    return Templates(FirmTemplates.model_validate(firm))


@pytest.mark.parametrize("register", ["formal", "informal"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_in_one_sentence_each(language: str, register: str) -> None:
    wording = _templates(register=register).wording(language)
    assert set(wording.facts) == {fact.name for fact in FACTS}
    assert set(wording.tones) == {"neutral", "negative", "positive", "urgent"}
    assert set(wording.needs) == {"order", "invoice", "customer"}
    for sentence in (*wording.facts.values(), *wording.tones.values(), *wording.needs.values()):
        assert len(split_sentences(sentence, language)) == 1, sentence
    assert len(phrases(language).months.split()) == 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_has_a_place_for_a_name(language: str) -> None:
    for register in ("formal", "informal"):
        wording = _templates(register=register).wording(language)
        said = (wording.greeting, wording.closing, *wording.tones.values())
        assert all(
            slot is None for text in said for _, slot, _, _ in string.Formatter().parse(text)
        )


def test_informal_differs_where_people_say_you_in_two_ways() -> None:
    for language in ("de", "fr", "es", "it", "pt", "nl", "cs", "tr"):
        formal, informal = (
            _templates(register=register).wording(language) for register in ("formal", "informal")
        )
        assert formal.tones["positive"] != informal.tones["positive"]
        assert formal.facts["shipped"] != informal.facts["shipped"]


def test_the_firms_phrase_replaces_the_kits_alone() -> None:
    changed = _templates(
        phrases={"de": {"greeting": "Moin,", "needs": {"order": "Welche Nummer?"}}}
    )
    wording, usual = changed.wording("de"), _templates().wording("de")
    assert (wording.greeting, wording.needs["order"]) == ("Moin,", "Welche Nummer?")
    assert (wording.needs["invoice"], wording.closing) == (usual.needs["invoice"], usual.closing)
    assert changed.wording("en") == _templates().wording("en")


def test_mails_in_other_languages_are_answered_in_the_first() -> None:
    templates = _templates(languages=["de", "en"])
    assert [templates.language(code) for code in ("en", "ja", "", "fr")] == ["en", "de", "de", "de"]


def test_files_of_the_project_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("register: informal\nanswers: {return: {en: ['Send it.']}}\n")
    (tmp_path / "b.yaml").write_text(
        "answers: {refund: {en: ['Wait.']}}\nlink_hosts: [shop.example]\n"
    )
    firm = load_templates(tmp_path).firm
    assert firm.register_ == "informal"
    assert set(firm.answers) == {"return", "refund"}
    again = FirmTemplates.model_validate_json(firm.model_dump_json(by_alias=True))
    assert again == firm


def test_no_folder_means_the_kits_own(tmp_path: Path) -> None:
    assert load_templates(tmp_path / "nothing").firm == FirmTemplates.model_validate({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("languages: [xx]", "no 'xx' here"),
        ("facts: {return: [shiped]}", "no 'shiped' here"),
        ("anwsers: {}", "anwsers"),
        ("languages: []", "no language"),
        ("answers: {return: {en: ['Box {order.box']}}", "braces do not match"),
        ("answers: {return: {en: ['Box {box}.']}}", "no slot: {box}"),
        ("answers: {return: {en: ['On {order.at:dat}.']}}", "no slot: {order.at:dat}"),
        ("phrases: {en: {greeting: 'Dear {name},'}}", "no place for a slot"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_templates(tmp_path)
    assert said in str(raised.value)
