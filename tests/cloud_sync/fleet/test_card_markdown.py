"""Cards of bundles as HTML: headings, lists, tables and words in them, and nothing of what a hostile card would like to be."""

from __future__ import annotations

import re

import pytest

from cloud_sync.web.markdown import MAX, as_html, as_words
from kits.core.bundle import BundleManifest
from kits.core.discovery import get_kit
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate
from kits.toolchain.card import write_card
from tests.cloud_sync.fleet_builders import AT

TAGS = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")


def test_a_card_is_read_as_it_was_meant() -> None:
    html = as_html(
        "# lids 3\n\n**+7,019 EUR** a month.\n\n## Limits\n\n- first `a|b`\n- second\n\n"
        "| metric | value |\n| --- | --- |\n| auc \\| pr | 0.9 |\n\n```\n<b>\n```\n[docs](https://example.com/a?b=1&c=2)\n"
    )
    for part in (
        "<h3>lids 3</h3>", "<p><strong>+7,019 EUR</strong> a month.</p>", "<h3>Limits</h3>",
        "<ul><li>first <code>a|b</code></li><li>second</li></ul>",
        '<th role="columnheader">metric</th>', "<td>auc | pr</td><td>0.9</td>", "<pre>&lt;b&gt;</pre>",
        '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer" target="_blank">docs</a>',
    ):  # fmt: skip
        assert part in html, part


def test_a_table_of_facts_has_no_empty_head() -> None:
    html = as_html("|  |  |\n| --- | --- |\n| kit | leads |\n")
    assert "<thead" not in html and "<td>kit</td><td>leads</td>" in html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "# <img src=x onerror=alert(1)>",
        "- <svg onload=alert(1)>",
        "| <b onclick=x> | \\| |\n| --- | --- |\n| <i> | `<u>` |",
        "**<iframe>**",
        "`</code><script>`",
        "```\n</pre><script>\n```",
        "[a](javascript:alert(1))",
        "[a](http://example.com/)",
        "[a](data:text/html,<script>)",
        '[a](https://x.example/"onmouseover="alert(1))',
        "[<img src=x>](https://x.example/)",
        "[a](https://x.example/' onclick='x)",
        "{{ 7 * 7 }}{0}{1.__class__}",
    ],
)
def test_nothing_in_a_card_becomes_markup_of_its_own(attack: str) -> None:
    html = as_html(attack)
    known = {"h3", "ul", "li", "p", "pre", "code", "strong", "a", "div", "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
    assert {name for _, name, _ in TAGS.findall(html)} <= known
    assert not re.search(r"<[^>]*\bon\w+=", html) and "javascript:" not in html.partition("<a")[2]
    for _, name, rest in TAGS.findall(html):
        if name == "a" and rest:
            assert re.fullmatch(r' href="https://[^"<>]*" rel="noopener noreferrer" target="_blank"', rest)  # fmt: skip
    assert "49" not in html and "<class" not in html


def test_what_steers_a_terminal_or_turns_text_around_is_not_shown() -> None:
    assert not {"\u202e", "\x1b"} & set(as_html("a\u202eb\x1b[2J"))


@pytest.mark.parametrize("piece", ["[", "**", "`", "|", "[a](https://", "# ", "- ", "\\|", "```\n"])
def test_a_very_long_card_is_cut(piece: str) -> None:
    html = as_html(piece * (MAX // len(piece) + 10))
    assert html.endswith('<p class="muted">The rest is not shown.</p>')


def test_the_card_of_a_bundle_of_leads_has_no_markdown_left() -> None:
    money = Estimate(value=7019, low=4995, high=9224, n=450)
    manifest = BundleManifest(
        kit="lead-scoring", name="shop", project="shop", version=1, created_at=AT, media_types=("application/json",),
        labels=("won", "lost"), artefacts=(), config={}, dataset="d" * 64, seed=0, run="r", metrics={"money_per_month": money},
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=0.2, review_from=0.1), method="capacity", dataset="d", seed=0,
        rates={"capacity": Estimate(value=0.32, low=0.32, high=0.32, n=125), "hot_won": money},
    )  # fmt: skip
    card = write_card(
        manifest, point, kit=get_kit("lead-scoring").manifest, counts={"test": {"won": 75}}, golden=20, notes=["a | b"]
    )  # fmt: skip
    html = as_html(card)
    assert (
        "<strong>+7,019 EUR a month</strong>" in html
        and "The team works on 40 of 125 leads" in html
    )
    text = TAGS.sub("", html)
    assert "**" not in text and "##" not in text and "| ---" not in text and "`" not in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("run `crm test NAME`: <b>", "run <code>crm test NAME</code>: &lt;b&gt;"),
        ("a ` alone and **stars**", "a ` alone and **stars**"),
        ("`<i>` and `x`", "<code>&lt;i&gt;</code> and <code>x</code>"),
    ],
)
def test_words_of_an_alert_have_code_and_nothing_else(text: str, html: str) -> None:
    assert as_words(text) == html
