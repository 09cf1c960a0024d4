"""Tells people what the court found: findings for `kit check`, notes for a run. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kits.core.kit import Finding
from kits.lead_scoring._court.case import FEW
from kits.lead_scoring._court.charges import TOLD, Told
from kits.lead_scoring._court.verdicts import Charge, Court, Side, Verdict

_EVIDENCE = 3
_NAMED = 10
"""Columns that a sentence names; what is said of each stands below it."""
_MORE_LEADS = "bring more leads of the rarer outcome, older ones too: kit data import PATH"
_MORE_COLUMNS = (
    "bring columns that are known when a lead comes in (source, answers of the form, visits), no model makes up for them: "
    "kit data import PATH --replace"
)
_COURSE_P = 0.01
"""The base rate is told to move from here on."""


def findings(court: Court) -> Iterator[Finding]:
    """What `kit check` shows of the court, the gravest first."""
    silent = _silent(court)
    if silent is not None:
        yield silent
    for told in TOLD:
        guilty = [one for one in _of(court, told.charge, "guilty") if one.action != "keep"]
        if guilty:
            what = told.one if len(guilty) == 1 else told.many
            yield Finding(
                told.check,
                told.level,
                f"{columns_of(guilty)} {what}",
                _lines(guilty),
                _fix(told, guilty),
            )
    kept = _kept(court)
    if kept:
        yield Finding(
            "kept-columns",
            "pass",
            f"learned from by a person's word, against the court: {columns_of(kept)}",
            _lines(kept),
        )
    yield from _suspicious(court)
    yield from _figures(court)
    if not any(one.finding != "cleared" for one in court.verdicts):
        yield Finding("court", "pass", f"no column is suspected, on {court.leads} decided leads")


def warning(court: Court) -> Finding | None:
    """What is said before any figure of a training: that nothing tells who buys, else that the figures hang on columns of which
    nobody has said whether they are leaks; None where neither is so."""
    return _silent(court) or _undecided(court)


def _undecided(court: Court) -> Finding | None:
    """Where figures fall beyond chance without the possible leaks."""
    side = court.side_by_side[-1] if court.side_by_side else None
    if side is None or side.without_suspects is None:
        return None
    doubted = asked(court)
    if not doubted or side.without_guilty.low <= side.without_suspects.high:
        return None
    are, it = ("is", "it") if len(doubted) == 1 else ("are", "them")
    return Finding(
        "possible-leaks",
        "warn",
        f"{are} {columns_of(doubted)} filled in before the first call? If after, these figures never come true (on "
        f"{split_of(side.split)} small trees reach an AUC of {side.without_guilty.value:.3f} with {it}, "
        f"{side.without_suspects.value:.3f} without)",
        fix=f"say it in kit.yaml, then kit train again: model.columns.keep if people fill {it} in before the first call, "
        "model.columns.exclude if after",
    )


def _silent(court: Court) -> Finding | None:
    """That nothing tells who buys, with what else to bring."""
    if not court.no_signal:
        return None
    few = min(court.won, court.leads - court.won) < FEW
    fix = _MORE_LEADS if few else _MORE_COLUMNS
    return Finding("no-signal", "warn", court.no_signal, fix=fix)


def _suspicious(court: Court) -> Iterator[Finding]:
    """Columns that may be leaks: a person knows."""
    doubted = asked(court)
    if doubted:
        yield Finding(
            "possible-leaks",
            "warn",
            f"{columns_of(doubted)} may have been written after the first contact; the court cannot tell, and {'it is' if len(doubted) == 1 else 'they are'} learned from meanwhile"
            + _price(court, "what they are worth"),
            _lines(doubted),
            "ask who fills it in and when: model.columns.exclude if later than the score, model.columns.keep if before",
        )
    near = _of(court, "proxy", "suspicious")
    if near:
        yield Finding(
            "possible-proxies",
            "warn",
            f"named as no reason, because of what is told of a protected column: {columns_of(near)}",
            _lines(near),
            "see the figures by group in the report",
        )
    thin = _of(court, "sparse", "suspicious")
    if thin:
        yield Finding(
            "sparse-columns",
            "pass",
            f"filled in for less than one lead in a hundred: {columns_of(thin)}",
            _lines(thin),
        )


def _figures(court: Court) -> Iterator[Finding]:
    sides = [one for one in court.side_by_side if one.all_columns != one.without_guilty]
    if sides:
        yield Finding(
            "leak-price",
            "pass",
            f"with the leaks an AUC of {sides[-1].all_columns.value:.3f} would be shown, without them it is "
            f"{sides[-1].without_guilty.value:.3f}{_or_less(sides[-1])} "
            f"(on {split_of(sides[-1].split)}): that is what the future brings at best",
            tuple(
                f"{split_of(one.split)}: {one.all_columns.text()} with them, {one.without_guilty.text()} without"
                + (
                    f", {one.without_suspects.text()} without possible ones too"
                    if one.without_suspects
                    else ""
                )
                for one in sides
            ),
        )
    if court.adversarial_auc is not None:
        names = ", ".join(one.column for one in court.removals[:_EVIDENCE])
        yield Finding(
            "periods",
            "pass",
            f"the latest fifth of leads is told from earlier ones with an AUC of {court.adversarial_auc.text()}"
            + (f", mostly by {names}" if names else ""),
        )
    if court.course and court.course_p is not None and court.course_p <= _COURSE_P:
        first, last = court.course[0].won, court.course[-1].won
        yield Finding(
            "base-rate",
            "warn",
            f"the share won moves over time beyond chance (p = {court.course_p:.3f}): {first.value:.1%} of the first "
            f"{first.n} leads, {last.value:.1%} of the latest {last.n}",
            tuple(
                f"{one.won.value:.1%} won of {one.won.n} leads, part {n} of {len(court.course)} in time"
                for n, one in enumerate(court.course, start=1)
            ),
            "believe probabilities only as long as calibration is watched; retrain as outcomes come in",
        )


def notes(court: Court) -> tuple[str, ...]:
    """Sentences for a run: what was left out and why, what a person should decide, whether there is a signal."""
    said = [court.no_signal] if court.no_signal else []
    for told in TOLD:
        out = [one for one in _of(court, told.charge, "guilty") if one.action == "exclude"]
        if out and told.charge != "constant":
            said.append(f"left out: {columns_of(out)} {told.one if len(out) == 1 else told.many}")
    kept = _kept(court)
    if kept:
        said.append(f"learned from by a person's word, against the court: {columns_of(kept)}")
    doubted, hangs = asked(court), _undecided(court)
    if hangs is not None:
        said.append(hangs.text)
    elif doubted:
        said.append(
            f"decide: {columns_of(doubted)}: written before the first call, or after? Learned from until you say: "
            f"model.columns.keep or exclude (kit check has the evidence){_price(court, 'if after, these figures never come true')}"
        )
    return tuple(said)


def _or_less(side: Side) -> str:
    """What remains where possible leaks are leaks, too."""
    if side.without_suspects is None:
        return ""
    return f", or {side.without_suspects.value:.3f} if the possible leaks are leaks too"


def _price(court: Court, why: str) -> str:
    """What figures are worth if the suspects are leaks."""
    side = court.side_by_side[-1] if court.side_by_side else None
    if side is None or side.without_suspects is None:
        return ""
    return (
        f"; {why}: on {split_of(side.split)} small trees reach an AUC of "
        f"{side.without_guilty.value:.3f} with, {side.without_suspects.value:.3f} without"
    )


def split_of(split: str) -> str:
    """A split in words."""
    return "the latest quarter" if split == "time" else "a random quarter"


def _of(court: Court, charge: Charge, finding: str) -> list[Verdict]:
    return [one for one in court.verdicts if one.charge == charge and one.finding == finding]


def _kept(court: Court) -> list[Verdict]:
    return [one for one in court.verdicts if one.finding == "guilty" and one.action == "keep"]


def asked(court: Court) -> list[Verdict]:
    """Possible leaks that nobody has decided about."""
    return [one for one in _of(court, "leak", "suspicious") if one.action == "warn"]


def _fix(told: Told, guilty: Sequence[Verdict]) -> str:
    if told.charge == "leak" and all(one.action == "warn" for one in guilty):
        return "they are learned from all the same, as model.court.leaks says: warn"
    return told.fix


def columns_of(verdicts: Sequence[Verdict]) -> str:
    """Names, one after the other; of very many the first, and how many more there are."""
    names = [one.column for one in verdicts]
    rest = len(names) - _NAMED
    if rest < 2:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {rest} more"


def _lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(f"{one.column}: {'; '.join(brief(one.evidence))}" for one in verdicts)


def brief(evidence: tuple[str, ...]) -> tuple[str, ...]:
    """The gravest marks, and what it tells, which comes last."""
    most = _EVIDENCE + 1
    return evidence if len(evidence) <= most else (*evidence[: most // 2], *evidence[-most // 2 :])
