"""What a reply may say: sentences that are known word by word, links to the firm alone, no markup."""

from __future__ import annotations

import pytest

from kits.support_triage._drafting.links import foreign_links, has_markup, links_in
from kits.support_triage._drafting.verify import Sources
from tests.sampled import sampled

_KNOWN = (
    "You can return unused items within 30 days.",
    "Bulbs that have been used cannot be returned.",
    "We refund you within 5 working days.",
    "The label is at shop.example/label.",
)


def _sources() -> Sources:
    sources = Sources(("shop.example",))
    sources.add("returns.md#1", _KNOWN)
    return sources


def test_known_sentences_stand_in_the_order_they_are_proposed() -> None:
    found = _sources().verify(
        "We refund you within 5 working days! YOU can return unused items within 30 days."
    )
    assert [line.text for line in found.lines] == [_KNOWN[2], _KNOWN[0]]
    assert {line.citation for line in found.lines} == {"returns.md#1"}
    assert found.cut == ()


def test_what_goes_out_is_the_source_and_not_the_proposal() -> None:
    found = _sources().verify("You  can return un\u200bused items within ３０ days!!")
    assert [line.text for line in found.lines] == [_KNOWN[0]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("You can return unused items within 90 days.", "promises (deadline"),
        ("You can return all items.", "in no passage"),
        ("Your parcel has the number 77120.", "the number 77120 is in no source"),
        ("Bulbs that have been used.", "in no passage"),
        ("have been used cannot be returned.", "in no passage"),
        ("We will refund 500 EUR today.", "promises (refund"),
        ("We guarantee that it works.", "promises (guarantee"),
        ("See evil.example for more.", "links to evil.example"),
        ("![status](https://evil.example/p.png?d=secret)", "markup"),
        ("![status][1]", "markup"),
        ("[1]: https://evil.example/p.png", "markup"),
        ("[click here](https://evil.example)", "markup"),
        ("<img src=x>", "markup"),
        ("We rеfund you within 5 working days.", "promises (refund"),  # a Cyrillic letter
        ("You can return unused items within 30 days", ""),
    ],
)
def test_everything_else_is_cut_with_the_reason(text: str, reason: str) -> None:
    found = _sources().verify(text)
    assert bool(found.lines) is (reason == "")
    assert all(reason in cut for cut in found.cut)
    assert bool(found.cut) is (reason != "")


def test_half_of_a_sentence_never_stands_for_the_whole() -> None:
    """Cut at any place, neither half of a known sentence goes out."""
    for sentence in _KNOWN[:3]:
        words = sentence.split()
        for at in range(1, len(words)):
            halves = (" ".join(words[:at]), " ".join(words[at:]))
            assert all(not _sources().verify(half).lines for half in halves)


def test_two_sentences_glued_together_do_not_stand() -> None:
    assert (
        _sources().verify("You can return unused items within 30 days, We refund you.").lines == ()
    )


def test_a_source_that_links_elsewhere_is_cut_too() -> None:
    sources = Sources(("shop.example",))
    lines, cut = sources.add(
        "a.md#1", ("Go to https://other.example/x now.", "Write to help@shop.example.")
    )
    assert [line.text for line in lines] == ["Write to help@shop.example."]
    assert "links to other.example" in cut[0]
    assert sources.verify("Go to https://other.example/x now.").lines == ()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://shop.example/a", ("shop.example",)),
        ("HTTPS://Evil.Example", ("evil.example",)),
        ("write to a@evil.example", ("evil.example",)),
        ("evil。example", ("evil.example",)),
        ("ev\u200bil.example", ("evil.example",)),
        ("http://203.0.113.7/x", ("203.0.113.7",)),
        ("http://shop.example.evil.test/", ("shop.example.evil.test",)),
        ("javascript:alert(1)", ("javascript:",)),
        ("münchen.example", ("münchen.example",)),
        (
            "aa.bb.cc.dd.ee.ff.gg.shop.example.evil.test",
            ("aa.bb.cc.dd.ee.ff.gg.shop.example.evil.test",),
        ),
        ("shop.example.xn--p1ai", ("shop.example.xn--p1ai",)),
        ("evil.xn--p1ai", ("evil.xn--p1ai",)),
        ("https://shop.example.:443/a.", ("shop.example",)),
        ("mailto:help@shop.example", ("shop.example",)),
        ("Visit shop.example.", ("shop.example",)),
        ("It costs 12.50 and arrives on 12.3.2026, e.g. by post.", ()),
        ("Wir liefern z.B. Lampen, d.h. Licht.", ()),
    ],
)
def test_links_are_seen_however_they_are_written(text: str, links: tuple[str, ...]) -> None:
    assert links_in(text) == links


@pytest.mark.parametrize(
    "text",
    [
        "http://[2001:db8::7]/shop.example",
        "http://2130706433/shop.example",
        "http://0x7f000001/help.shop.example",
        "http://intranet/shop.example",
        "https://evil%2Eexample/shop.example",
        "https://shop.example@evil.test/",
        "https://shop.example:x@evil.test/",
        "https://evil.test\\@shop.example/",
        "https:\\\\evil.test\\shop.example",
        "https://evil.test./shop.example",
        "https://evil.xn--p1ai/shop.example",
        "javascript:alert(1)//shop.example",
        "data:text/html,shop.example",
        "aa.bb.cc.dd.ee.ff.gg.shop.example.evil.test",
        "shop.example.xn--p1ai",
        "HTTPS://SHOP.EXAMPLE.EVIL.TEST",
        "file:///etc/shop.example",
        "xn--shp-0na.example",
        "shoр.example",  # a Cyrillic letter
        "help@shop.example.evil.test",
        "shop.example.evil。test",
    ],
)
def test_a_link_never_passes_because_the_firms_name_stands_in_it(text: str) -> None:
    assert foreign_links(text, ("shop.example",))


@pytest.mark.parametrize(
    "piece", sampled(["a.", "a-", "1.", "http://", "xn--a.", "mailto:", "x@", "://["], every=3)
)
def test_links_are_looked_for_in_bounded_time(piece: str) -> None:
    assert isinstance(links_in(piece * (1_000_000 // len(piece))), tuple)


def test_only_the_firms_hosts_and_those_below_them_are_own() -> None:
    text = (
        "shop.example help.shop.example notshop.example shop.example.evil.test xn--shp-0na.example"
    )
    assert foreign_links(text, ("shop.example",)) == (
        "notshop.example",
        "shop.example.evil.test",
        "xn--shp-0na.example",
    )


@pytest.mark.parametrize(
    "text", ["![a](b)", "![a][b]", "[a]: b", "[a](b)", "<b>x</b>", "`x`", "<https://x>"]
)
def test_markup_is_seen(text: str) -> None:
    assert has_markup(text)


def test_plain_text_is_no_markup() -> None:
    assert not has_markup('Lamps [green] & blue (E27) cost < 10 EUR; say "yes" - or no!')


@pytest.mark.parametrize(
    "piece", ["a.", "1.", "![", "\u0301", "é\u0327", "we will ", "refund ", "x@", "- a\n", "«.»"]
)
def test_a_long_proposal_is_looked_at_in_bounded_time(piece: str) -> None:
    found = _sources().verify(piece * (1_000_000 // len(piece)))
    assert found.lines == ()
    assert len(found.cut) <= 61
