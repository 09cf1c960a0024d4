"""The card of a lead, drawn as the hub draws it: what was known and said is there, whatever it says stays text."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from kits.core.discovery import get_kit
from kits.core.prediction import Prediction, Quantity, Reason
from kits.core.showing import Shown
from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring.runtime import shown

HOSTILE = "<img src=x onerror=alert(1)>{{ 7 * 7 }}"
STEERING = "\u202e\x1b[2J"


def card(fields: dict[str, Value], said: Prediction, *, why_none: str = "") -> str:
    at = datetime(2026, 3, 4, 15, 30, tzinfo=timezone.utc)
    known: Shown = shown(encode_lead(Lead("7", fields, at)))
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(get_kit("lead-scoring").review_template).render(
        sample=SimpleNamespace(device="crm-sales", source="sales#7"),
        prediction=said,
        reading=SimpleNamespace(title=known.title, pieces=[], left_out=0, facts=known.facts, why_none=why_none),
        labels=["won", "lost"],
        summary="lost, score 0.31: act",
        suggested_label="won",
    )  # fmt: skip


def test_a_score_is_told_in_leads_that_buy() -> None:
    said = Prediction(
        0.31, "lost", quantities=(Quantity("probability", 0.31, "", 0.24, 0.4, 0.9),),
        reasons=(Reason("asked for a demo", 1.2), Reason("a student", -0.7)),
        details={"band": "hot", "base_rate": 0.11, "percentile": 0.94, "hints": ["call on Monday"], "unknown_fields": ["budget"]},
    )  # fmt: skip
    told = card({"demo_requested": True, "budget": None, "size": 120.0}, said)
    for words in (
        "31 of 100 such leads buy", "(24 to 40; 90 % interval)", "on average 11", "better than 94 %", ">hot<",
        "speaks for it\">+</span> asked for a demo", "speaks against it\">−</span> a student", "call on Monday", "budget", "2026-03-04 15:30",
        "<dt>demo requested</dt><dd>yes</dd>", "<dd>120</dd>", "1 field was empty",
    ):  # fmt: skip
        assert words in told, words


def test_no_lead_is_without_a_chance_or_above_all_of_them() -> None:
    told = card({"size": 3.0}, Prediction(0.0026, "lost", details={"percentile": 0.0}))
    assert "fewer than 1 of 100 such leads buy" in told and "better than 0 %" in told
    told = card({"size": 3.0}, Prediction(0.997, "won", details={"percentile": 1.0}))
    assert "more than 99 of 100 such leads buy" in told and "better than 99 %" in told


def test_what_a_crms_lead_was_told_by_is_enough() -> None:
    said = Prediction(0.02, "lost", details={"band": "cold", "points": 2, "base_rate": None})
    told = card({"size": 3.0}, said)
    assert "2 of 100 such leads buy</strong>." in told and "Why" not in told


def test_nothing_of_a_lead_is_markup() -> None:
    said = Prediction(
        0.5, HOSTILE, reasons=(Reason(HOSTILE, 1.0),),
        details={"band": HOSTILE, "hints": [HOSTILE, "x" * 9_000], "new_values": HOSTILE, "base_rate": HOSTILE},
    )  # fmt: skip
    told = card({HOSTILE + STEERING: HOSTILE + STEERING, "long": "y" * 4_000}, said)
    assert not {sign for sign in ("<img", *STEERING[:2]) if sign in told}
    assert told.count("&lt;img") == 4, (
        "a name, a value, a reason, a hint; a band that is none and a text are left out"
    )
    assert "{{ 7 * 7 }}" in told
    assert "x" * 201 not in told and "y" * 301 not in told


def test_a_wide_lead_is_cut_and_says_so() -> None:
    told = card({f"c{n}": float(n) for n in range(250)}, Prediction(0.1, "lost"))
    assert told.count("<dt>") == 200 and "50 more are not shown" in told


def test_who_objected_is_shown_without_a_score() -> None:
    told = card({"size": 3.0}, Prediction(0.4, "", details={"opted_out": True}))
    assert "does not want to be scored" in told and "such leads buy" not in told
