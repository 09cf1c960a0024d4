"""Yes and no are one thing in reasons, however the table that was learned from and the CRM that is read spell them."""

from __future__ import annotations

import pytest

from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table, repeated


@pytest.mark.parametrize("spelt", [True, "true", "Yes", "TRUE", "ja"])
@pytest.mark.parametrize("learned", [(True, False), ("yes", "no"), ("true", "false")])
def test_a_yes_is_known_in_any_spelling(learned: tuple[Value, Value], spelt: Value) -> None:
    yes, no = learned
    rows = [*repeated({"demo": yes}, 31, 69), *repeated({"demo": no}, 8, 242)]
    explainer = Explainer(learn_rates(a_table(rows), ["demo"], Config()))
    (reason,) = explainer.reasons(Lead("1", {"demo": spelt}), {"demo": 1.2})
    assert "31 % of such leads buy" in reason.text
