"""How APIs wrap the rows they answer with: a list under a name, pages of it, GraphQL's edges and nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.answers.grids import listed_table, table_in
from kits.core.column_names import squeezed

Object = dict[str, JsonValue]
MAX_DEPTH = 6
_PAGES = (
    "results",
    "records",
    "data",
    "result",
    "value",
    "_embedded",
    "edges",
    "nodes",
    "items_page",
)
"""What an answer has its rows under, whatever they are; `value` by OData, `items_page` by monday."""
_LISTS = ("items", "rows", "leads", "deals", "contacts", "opportunities", "prospects", "customers", "orders")  # fmt: skip
"""The same of an answer, and what a lead may have itself."""
_OF_PAGES = ("content", "submissions")
"""The same of an answer that says how many there are; a note has a content as well."""
_TOTALS = frozenset({"totalelements", "totalpages", "responsecode", "hasmore"})
_BOARD = "items_page"
"""A board of monday has an id of its own."""
_ABOUT = frozenset({
    "total", "count", "totalcount", "view", "search", "totalresults", "totalrecords", "totalsize", "totalpages", "totalitems", "resultcount",
    "page", "pages", "pagenumber", "currentpage", "lastpage", "perpage", "pagesize", "pageinfo", "pagination", "paging", "limit",
    "offset", "nextoffset", "skip", "next", "nextpage", "nextlink", "prev", "previous", "previouspage", "cursor", "nextcursor",
    "more", "hasmore", "hasnext", "hasnextpage", "done", "success", "ok", "error", "errors", "meta", "metadata", "links", "schema",
    "startat", "maxresults", "islast", "nextpagetoken", "expand", "typename", "jsonrpc", "extensions", "complexity", "accountid", "requestid", "took",
})  # fmt: skip
"""What else an answer says, without signs: of itself, and of no lead."""
_FIELDS = frozenset({"properties", "fields", "attributes", "custom_fields"})
"""What a record's own fields lie under: each an object of some programs."""
_KEYED, _TWO, _MOST = 20, 2, 0.8
"""So many objects of which most have a name in common are rows, whatever they are called."""
_AROUND = ({"node", "cursor"}, {"data", "meta", "links"})
"""All keys of what GraphQL and some others put around each row."""


def unwrapped(value: JsonValue, depth: int = 0) -> Iterator[Object]:
    """The rows in a document: a list of objects, or an API's answer around one."""
    if isinstance(value, list):
        yield from listed_table(value) or ()
        for entry in value:
            if isinstance(entry, dict):
                # pages of an API saved one after the other
                yield from unwrapped(entry, depth + 1) if is_page(entry) else iter((bare(entry),))
    elif isinstance(value, dict):
        if (table := table_in(value, _ABOUT)) is not None:
            yield from table
            return
        inner = _rows_in(value, depth)
        if inner is None:
            yield value
        else:
            yield from unwrapped(inner, depth + 1)


def keyed_rows(answer: Object) -> list[Object]:
    """The rows of a document that names each by its id (`{"leads": {"-N1": {…}, "-N2": {…}}}`, of Firebase), or each column's
    cells by their rows (`{"source": {"0": "web", "1": …}, …}`, of pandas); empty: it is another document."""
    inside = len(answer) == 1 and _FIELDS.isdisjoint(answer)
    for value in (answer, *answer.values()) if inside else (answer,):
        entries = value if isinstance(value, dict) else {}
        objects = {key: one for key, one in entries.items() if isinstance(one, dict)}
        if len(objects) < len(entries) or len(entries) < _TWO:
            continue
        inner = Counter(name for one in objects.values() for name in one)
        if len(inner) >= _KEYED and len(inner) > len(entries) and all(map(str.isdecimal, inner)):
            if min(inner.values()) == len(entries):
                return [{name: one[row] for name, one in objects.items()} for row in inner]
        elif len(entries) >= _KEYED and inner.most_common(1)[0][1] >= _MOST * len(entries):
            return [{"id": key, **one} for key, one in objects.items()]
    return []


def _rows_in(answer: Object, depth: int) -> JsonValue:
    """What of an answer its rows lie under, by its name, or because all else tells of the answer; None: it is a row itself."""
    names = _pages(answer) if "id" in answer else (*_pages(answer), *_LISTS)
    named = next((answer[key] for key in names if _has_rows(answer.get(key), depth)), None)
    return _only_list(answer, depth) if named is None else named


def _pages(answer: Object) -> tuple[str, ...]:
    return (*_PAGES, *_OF_PAGES) if any(squeezed(key) in _TOTALS for key in answer) else _PAGES


def _only_list(answer: Object, depth: int) -> JsonValue:
    answer = {_bare_name(key): value for key, value in answer.items() if not key.startswith("@")}
    known = [key for key in answer if squeezed(key) not in _ABOUT]  # `errors` are no leads
    lists = [key for key in known if _has_rows(answer[key], depth)]
    others = {squeezed(k) for k, v in answer.items() if k not in lists and v not in (None, [], {})}
    return answer[lists[0]] if len(lists) == 1 and others <= _ABOUT else None


def _bare_name(key: str) -> str:
    """`hydra:member` is `member`; what JSON-LD tells of itself (`@context`) is left out before."""
    return key.rpartition(":")[2] or key


def _has_rows(value: JsonValue, depth: int) -> bool:
    if isinstance(value, dict):
        return depth < MAX_DEPTH and _rows_in(value, depth + 1) is not None
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def is_page(entry: Object) -> bool:
    if "id" in entry:
        return _has_rows(entry.get(_BOARD), 0)
    return (
        any(_has_rows(entry.get(key), 0) for key in _pages(entry))
        or _only_list(entry, 0) is not None
    )


def bare(entry: Object) -> Object:
    """A row without what is put around each of them: `{"node": {…}}`, `{"deal": {…}}`."""
    if len(entry) == 1 or any(set(entry) <= keys for keys in _AROUND):
        inner = entry.get("node") or entry.get("data") or next(iter(entry.values()), None)
        return inner if isinstance(inner, dict) else entry
    return entry
