"""Products of the firm's catalogue in a text: whole words, whatever the case, hyphens and plurals, one typo in long words.

A name is looked up by its words written together, so `Wi-Fi router`, `wifi router` and `WiFi-Routers` are one. Looking
up costs the same for five products and for fifty thousand. Typos are corrected word by word against the catalogue's own
words by symmetric deletes (Garbe 2012).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from kits.core.errors import DataError
from kits.support_triage._entities.kinds import PRODUCT
from kits.support_triage._entities.spec import MAX_PRODUCTS, ProductSpec
from kits.support_triage._entities.text import Found, Text

_WORDS = re.compile(r"[^\W_]+")
_MAX_WORDS = 8
_TYPO_FROM = 7
_ENDINGS = ("es", "en", "s", "e", "n")
_NAME_COLUMNS = ("name", "product", "title", "produkt", "bezeichnung", "artikel", "nom", "nombre")
_SKU_COLUMNS = ("sku", "id", "number", "artikelnummer", "ean", "gtin", "code")
_SYNONYM_COLUMNS = ("synonyms", "synonym", "aliases", "alias", "synonyme")


def _plain(word: str) -> str:
    """`word` without accents; the case is folded already."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _stem(word: str) -> str:
    """Plural endings off, in words that are long enough to have one."""
    if word.isalpha():
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return word[: -len(ending)]
    return word


def _deletes(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


class Catalogue:
    """An index of products.

    Args:
        products: names, synonyms and SKUs.
    """

    def __init__(self, products: Sequence[ProductSpec]) -> None:
        self._skus: dict[str, str] = {}
        self._exact: dict[str, str] = {}
        """Names of three characters and less count only as they are written."""
        self._starts: set[str] = set()
        self._vocabulary: set[str] = set()
        self._longest = 0
        for product in products:
            for name in (*product.names, product.sku):
                self._add(name, product.sku or product.names[0])

    def _add(self, name: str, sku: str) -> None:
        words = [_plain(word) for word in _WORDS.findall(name.lower())][:_MAX_WORDS]
        if not words:
            return
        key = self._key(words)
        if len(key) <= 3:
            self._exact[name] = sku
            return
        for form in (key, "".join(_stem(word) for word in words)):
            self._skus.setdefault(form, sku)
            self._starts.add(form[:3])
        self._vocabulary.update(words)
        self._vocabulary.update(_stem(word) for word in words)
        self._longest = max(self._longest, len("".join(words)))

    @staticmethod
    def _key(words: Sequence[str]) -> str:
        return "".join(words[:-1]) + _stem(words[-1])

    @cached_property
    def _typos(self) -> dict[str, str]:
        table: dict[str, str] = {}
        for word in sorted(self._vocabulary):
            if len(word) >= _TYPO_FROM and word.isalpha():
                for piece in _deletes(word):
                    table.setdefault(piece, word)
        return table

    def _corrected(self, word: str) -> str:
        if len(word) < _TYPO_FROM or len(word) > 40 or not word.isalpha():
            return word
        stem = _stem(word)
        if word in self._vocabulary or stem in self._vocabulary:
            return word
        for piece in _deletes(word):
            meant = self._typos.get(piece)
            if meant is not None and meant[0] == word[0] and _one_edit(meant, word):
                return meant
        return word

    def find(self, text: Text) -> Iterator[Found]:
        """Products named in `text`; at each word the longest name."""
        if not self._skus and not self._exact:
            return
        words = text.words
        folded = [self._corrected(_plain(word.folded)) for word in words]
        gaps = [text.raw[a.end : b.start] for a, b in pairwise(words)]
        first = 0
        while first < len(words):
            last = self._longest_at(folded, gaps, first)
            if last is None and words[first].end - words[first].start <= 3:
                short = text.raw[words[first].start : words[first].end] in self._exact
                last = first + 1 if short else None
            if last is None:
                first += 1
                continue
            exact = self._sku_of([_plain(w.folded) for w in words[first:last]]) is not None
            yield Found(words[first].start, words[last - 1].end, PRODUCT, 0.95 if exact else 0.8)
            first = last

    def _longest_at(self, folded: list[str], gaps: list[str], first: int) -> int | None:
        joined = stems = ""
        best: int | None = None
        for last in range(first, min(first + _MAX_WORDS, len(folded))):
            if last > first and not _joins(gaps[last - 1]):
                break
            stem = _stem(folded[last])
            if joined + stem in self._skus or stems + stem in self._skus:
                best = last + 1
            joined, stems = joined + folded[last], stems + stem
            if len(joined) > self._longest + 3 or (
                len(joined) >= 3 and joined[:3] not in self._starts
            ):
                break
        return best

    def sku(self, surface: str) -> str | None:
        """The SKU (or the name, where there is none) of a product as `find` found it."""
        words = [self._corrected(_plain(word)) for word in _WORDS.findall(surface.lower())]
        found = self._sku_of(words) if words else None
        return found or self._exact.get(surface)

    def _sku_of(self, words: Sequence[str]) -> str | None:
        found = self._skus.get(self._key(words))
        return found or self._skus.get("".join(_stem(word) for word in words))


def _joins(gap: str) -> bool:
    return len(gap) <= 2 and all(c in " -–/'’.\u00a0\n&+" for c in gap) and gap != ". "


def _one_edit(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours makes them equal."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return one == other
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def read_catalogue(content: str, where: str) -> tuple[ProductSpec, ...]:
    """Products of a CSV (columns name, synonyms separated by `|` or `;`, sku) or of a text with one name a line.

    Raises:
        DataError: nothing in it, no column of names, or more products than `MAX_PRODUCTS`.
    """
    lines = content.lstrip("\ufeff").splitlines()
    head = lines[0] if lines else ""
    mark = max(",;\t", key=head.count)
    if head.count(mark):
        products = tuple(_rows(lines, mark, where))
    else:
        products = tuple(ProductSpec(names=(line.strip(),)) for line in lines if line.strip())
    if not products:
        raise DataError("the catalogue names no product", where=where, fix="put one name a line")
    if len(products) > MAX_PRODUCTS:
        raise DataError(
            f"the catalogue has {len(products):,} products",
            where=where,
            fix=f"keep the {MAX_PRODUCTS:,} that customers write about",
        )
    return products


def _rows(lines: list[str], mark: str, where: str) -> Iterator[ProductSpec]:
    reader = csv.DictReader(lines, delimiter=mark)
    columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
    name_column = next((columns[c] for c in _NAME_COLUMNS if c in columns), None)
    if name_column is None:
        raise DataError(
            "the catalogue has no column of names",
            where=f"{where}: {', '.join(columns)}",
            fix=f"call it {_NAME_COLUMNS[0]!r}",
        )
    sku_column = next((columns[c] for c in _SKU_COLUMNS if c in columns), "")
    more_column = next((columns[c] for c in _SYNONYM_COLUMNS if c in columns), "")
    for row in reader:
        more = re.split(r"[|;]", row.get(more_column) or "") if more_column else []
        names = tuple(n.strip() for n in (row.get(name_column) or "", *more) if n and n.strip())
        if names:
            yield ProductSpec(sku=(row.get(sku_column) or "").strip()[:80], names=names)
