"""Reasons of texts: a model learned from what they say, of which a line can name no single value."""

from __future__ import annotations

import pytest

from kits.lead_scoring._features.spec import EncoderSpec, TextColumn
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import languages
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._reasons.spec import Wording
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table


@pytest.mark.parametrize("language", languages())
def test_of_a_text_that_all_leads_have_it_is_told_that_what_it_says_speaks(language: str) -> None:
    rows = [({"title": f"offer {n} for hall {n * 7}"}, float(n % 4 == 0)) for n in range(400)]
    spec = learn_rates(a_table(rows), ["title"], Config(language=language))
    said = {
        side: Explainer(spec).reasons(Lead("1", {"title": "offer 9"}), {"title": side})[0].text
        for side in (1.0, -1.0)
    }
    lines = spec.wording.lines
    assert said[1.0].endswith(lines["content_for"].partition("}")[2])
    assert said[-1.0].endswith(lines["content_against"].partition("}")[2])
    # a bundle that is older than these words says it as before
    older = {name: line for name, line in lines.items() if not name.startswith("content")}
    wording = spec.wording.model_copy(update={"lines": older})
    bare = spec.model_copy(update={"wording": Wording.model_validate(wording.model_dump())})
    assert Explainer(bare).reasons(Lead("1", {"title": "offer 9"}), {"title": 1.0})[0].text


def spoken(text: str, weight: float) -> str:
    """The reason of a message, of 400 of which those that ask for samples are won, beside a hundred without one."""
    kinds = ("send us samples", "hello and thanks", "just a student", "price list please")
    rows = [
        ({"message": f"{kinds[n % 4]} {chr(97 + n // 26)}x{chr(97 + n % 26)}x"}, float(n % 4 == 0 and n % 3 > 0))
        for n in range(400)
    ]  # fmt: skip
    words = ("hello", "please", "samples", "student", "thanks")
    encoder = EncoderSpec(columns=(TextColumn(name="message", words=words),))
    spec = learn_rates(a_table(rows), ["message"], Config(), encoder=encoder)
    (reason,) = Explainer(spec).reasons(Lead("1", {"message": text}), {"message": weight})
    return reason.text


def test_a_reason_names_the_word_that_speaks_as_the_text_does() -> None:
    assert spoken("Hello, two samples please", 1.0).startswith("Message with samples: 66 %")
    assert spoken("I am a student, samples please", -1.0).startswith("Message with ")
    assert "samples" not in spoken("I am a student, samples please", -1.0)


def test_a_word_that_speaks_otherwise_is_not_named() -> None:
    assert spoken("hello", 1.0).startswith("Message is given: what it says speaks for it")
    assert spoken("samples", -1.0).startswith("Message is given: what it says speaks against it")


def test_what_few_say_is_not_named() -> None:
    rows = [({"message": f"offer {n} {'now' if n < 9 else ''}"}, float(n < 9)) for n in range(400)]
    encoder = EncoderSpec(columns=(TextColumn(name="message", words=("now", "offer")),))
    spec = learn_rates(a_table(rows), ["message"], Config(), encoder=encoder)
    assert set(spec.columns["message"].words) == {"offer"}
