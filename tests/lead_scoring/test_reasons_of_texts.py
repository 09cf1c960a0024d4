"""Reasons of texts: a model learned from what they say, of which a line can name no single value."""

from __future__ import annotations

import pytest

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
