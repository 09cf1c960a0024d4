"""Cutting text into sentences, in twelve languages, and comparing sentences.

Responsible for where a sentence ends and for when two are the same one. A wrong cut is harmless where sentences are
verified: whole sentences are compared, so half of one, or two as one, is found nowhere and left out.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 100_000
"""Of a text that is cut into sentences; what is beyond is not looked at."""
_SHORT = """
e.g i.e etc no nr tel mr mrs ms dr prof st approx incl excl vol fig dept co ltd inc vs jan feb
bzw z.b d.h u.a ca ggf inkl exkl evtl str abs art bspw usw vgl mwst zzgl hr fr frl max min
p.ex c.-à-d env av bd mme mlle m n° réf tél p.ej sr sra srta ud uds avda núm pág aprox
ecc sig dott pag c.a exmo exma prof.ª p.e bijv enz o.a m.u.v dhr mevr blz i.p.v t.a.v
np tj itd itp ul al godz dot tzn m.in t.ex bl.a osv m.m kl f.d d.v.s s.k f.eks mv
např apod atd č čp p örn vb vs sn cad sok mah
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
"""Lower case, without the last dot."""
_ORDINAL_LANGUAGES = frozenset(("de", "da", "cs", "pl", "tr", "sv"))
"""A number with a dot may be an ordinal there: `14. März`."""
_MONTHS = """
jan feb mär mar apr mai maj máj jun jul aug sep okt oct nov dez dec led úno bře dub kvě čer srp zář říj lis pro
sty lut kwi cze lip sie wrz paź gru oca şub may nis haz tem ağu eyl eki kas ara
"""
_MONTH_STARTS = tuple(_MONTHS.split())
_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*")
_LINE_MARK = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+")
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞＂", '"'),
        **dict.fromkeys("‘’‚‛′`´＇", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)


def split_sentences(text: str, language: str = "") -> tuple[str, ...]:
    """The sentences of a text, without list marks and line breaks. Time grows with its length alone."""
    found: list[str] = []
    for block in _blocks(text[:MAX_CHARS]):
        start = 0
        for match in _END.finditer(block):
            if match.end() >= start and _ends(block, match, language):
                found.append(block[start : match.end()].strip())
                start = match.end()
        found.append(block[start:].strip())
    return tuple(sentence for sentence in found if sentence)


def _blocks(text: str) -> list[str]:
    """Paragraphs and list items; lines that were only wrapped are joined."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if not line.strip() or _LINE_MARK.match(line):
            blocks.append([])
        blocks[-1].append(_LINE_MARK.sub("", line).strip())
    return [_SPACES.sub(" ", " ".join(block)).strip() for block in blocks if any(block)]


def _ends(block: str, match: re.Match[str], language: str) -> bool:
    """Whether the sentence ends here rather than an abbreviation, a number or an address."""
    after = block[match.end() : match.end() + 24]
    if not after.strip():
        return True
    if match[0][-1] not in "。！？" and not after[0].isspace():
        return False
    if match[0] != ".":
        # after `…` or `?"` in the middle of a sentence it goes on in lower case
        return not after.lstrip()[:1].islower()
    word = block[max(0, match.start() - 24) : match.start()].rpartition(" ")[2].lower()
    following = after.lstrip()
    if word.lstrip("(\"'„«“") in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    if word.isdigit() and len(word) <= 2 and language in _ORDINAL_LANGUAGES:
        return not following.lower().startswith(_MONTH_STARTS)
    return not following[:1].islower()


def normalised(sentence: str) -> str:
    """What two sentences have in common when they are the same one: letters, digits and signs, not their dress.

    Look-alike letters of other scripts stay what they are: a sentence with them is another one.
    """
    folded = unicodedata.normalize("NFKC", sentence).translate(_QUOTES)
    seen = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace())
    return _SPACES.sub(" ", seen).strip().rstrip(".!").rstrip().casefold()
