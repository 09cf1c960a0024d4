"""What a report shows of mails: error by share decided, whether confidence keeps its word, what is taken for what.

SVG with the classes of the report's style sheet. It draws what was judged; nothing here decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import EvaluateTask, Evaluation, ItemResult, Plot
from kits.core.prediction import prediction_from_json
from kits.core.stats import proportion
from kits.support_triage._judging.judged import intents, scope_names
from kits.toolchain.report.figures import spent_by_hand

Floats = NDArray[np.float64]
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 300, 70, 30, 24, 48
_MOST_POINTS = 400
_BINS = 10
_PAIRS = 12
_ROW = 26


def plots(task: EvaluateTask, evaluation: Evaluation) -> list[Plot]:
    """The plots of an evaluation; read by `kit report`. None where no mail states an intent."""
    names = scope_names(task.runtime)
    judged = [
        (result, intents(result.truth, names), intents(_said(result), names))
        for result in evaluation.results
        if result.truth
    ]
    if not judged:
        return []
    scores = np.array([result.score for result, _, _ in judged], dtype=np.float64)
    wrong = np.array([truth != said for _, truth, said in judged], dtype=bool)
    point = task.operating_point
    bound = point.bound if point is not None else None
    decided = sum(result.verdict == "act" for result, _, _ in judged) / len(judged)
    made = [
        Plot(
            "Error by share decided without a person",
            svg=risk_coverage(scores, wrong, bound.epsilon if bound else None, decided),
            caption=f"The surest mails first (n={len(judged)}). Dashed: the promised limit, and what this bundle "
            f"decides ({decided:.1%}).",
        ),
        Plot(
            "Does confidence keep its word?",
            svg=reliability(scores[scores > 0], ~wrong[scores > 0]),
            caption="Mails that may be decided without a person. Tenths of confidence with the share that was right and its 95 % interval; on the dashed line "
            "confidence is the share that is right.",
        ),
    ]
    pairs = Counter(
        ("|".join(sorted(truth)), "|".join(sorted(said)) or "–")
        for _, truth, said in judged
        if truth != said
    )
    if pairs:
        made.append(
            Plot(
                "What is taken for what",
                svg=worst_pairs(pairs, [result for result, _, _ in judged]),
                caption=f"The {min(_PAIRS, len(pairs))} most frequent mistakes of {pairs.total()}: true intent → said, "
                "in red those that were decided without a person.",
            )
        )
    return [*made, _worth([result for result, _, _ in judged], task)]


def _worth(results: Sequence[ItemResult], task: EvaluateTask) -> Plot:
    """What 1,000 mails like these cost with and without the bundle."""
    costs = task.costs
    spent = np.array([result.cost for result in results])
    acted = np.array([result.verdict == "act" for result in results], dtype=bool)
    by_hand, left = 1000 * costs.review, spent_by_hand(results, costs, task.seed)
    rows = (
        ("per 1,000 mails", costs.currency),
        (
            "saved",
            f"{by_hand - left.value:,.0f} [{by_hand - left.high:,.0f}, {by_hand - left.low:,.0f}]",
        ),
        ("a person sorts all of them", f"{by_hand:,.0f}"),
        ("looks that are left", f"{by_hand * (1 - acted.mean()):,.0f}"),
        ("wrong filings", f"{1000 * float(spent[acted].sum()) / len(results):,.0f}"),
    )
    caption = (
        f"A look costs {costs.review:g}, a wrong filing {costs.escape:g} {costs.currency} (costs.review, costs.escape); "
        f"n={len(results)}. What a draft saves is not counted."
    )
    return Plot("What is saved, and what is left to pay", table=rows, caption=caption)


def _said(result: ItemResult) -> str:
    return prediction_from_json(dict(result.prediction)).label


def risk_coverage(
    scores: Floats, wrong: NDArray[np.bool_], limit: float | None, decided: float
) -> str:
    """Error among the surest mails over their share."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    errors = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    # equal scores are decided together
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    # the first few say nothing; of few mails a curve is still a curve
    ends = ends[ends >= min(20, len(order) // 4)]
    ends = ends[:: max(1, len(ends) // _MOST_POINTS)]
    ends = ends if ends.size and ends[-1] == len(order) - 1 else np.append(ends, len(order) - 1)
    top = _round_up(max(float(errors[ends].max()), 1.3 * (limit or 0.0), 0.01))
    frame = _Frame(1.0, top)
    points = " ".join(frame.point((end + 1) / len(order), float(errors[end])) for end in ends)
    body = f'<polyline class="curve" points="{points}"/>'
    if limit is not None:
        body += frame.across(limit, f"promised: {100 * limit:.3g} %")
    if decided > 0:
        body += frame.down(decided, "decided")
    return frame.drawn(body, "share of mails decided", "wrong among them")


def reliability(scores: Floats, right: NDArray[np.bool_]) -> str:
    """Share right by confidence, in tenths."""
    frame = _Frame(1.0, 1.0)
    a, b = frame.point(0, 0).split(","), frame.point(1, 1).split(",")
    body = f'<line class="mark review" x1="{a[0]}" y1="{a[1]}" x2="{b[0]}" y2="{b[1]}"/>'
    places = np.clip((scores * _BINS).astype(int), 0, _BINS - 1)
    for number in range(_BINS):
        mine = places == number
        if not mine.any():
            continue
        rate = proportion(int(right[mine].sum()), int(mine.sum()))
        middle = float(scores[mine].mean())
        x, y = frame.point(middle, rate.value).split(",")
        low, high = (
            frame.point(middle, rate.low).split(",")[1],
            frame.point(middle, rate.high).split(",")[1],
        )
        honest = rate.low <= middle <= rate.high
        body += (
            f'<line class="grid" style="stroke:var(--soft)" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'
            f'<rect class="{"good" if honest else "bad"}" x="{float(x) - 4:.1f}" y="{float(y) - 4:.1f}" width="8" height="8">'
            f"<title>{int(mine.sum())} mails, confidence {middle:.2f}, right {rate.value:.2f}</title></rect>"
        )
    return frame.drawn(body, "confidence", "share right")


def worst_pairs(pairs: Counter[tuple[str, str]], results: Sequence[ItemResult]) -> str:
    """Bars of the most frequent mistakes."""
    shown = pairs.most_common(_PAIRS)
    most = shown[0][1]
    decided = Counter(
        (result.truth, _said(result) or "–") for result in results if result.verdict == "act"
    )
    height = _ROW * len(shown) + 8
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="most frequent mistakes">'
    ]
    for row, ((truth, said), count) in enumerate(shown):
        y = row * _ROW + 6
        acted = min(decided[truth, said], count)
        wide = 170 * count / most
        red = 170 * acted / most
        parts.append(
            f'<text x="{_WIDTH - 230}" y="{y + 13}" text-anchor="end">{escape(_short(truth))} → {escape(_short(said))}</text>'
            f'<rect class="good" x="{_WIDTH - 220}" y="{y}" width="{wide:.1f}" height="16"/>'
            f'<rect class="bad" x="{_WIDTH - 220}" y="{y}" width="{red:.1f}" height="16"/>'
            f'<text x="{_WIDTH - 214 + wide:.1f}" y="{y + 13}">{count}</text>'
        )
    return "".join(parts) + "</svg>"


def _short(label: str) -> str:
    return label if len(label) <= 21 else f"{label[:20]}…"


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 × 10ⁿ at or above `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= value * 0.999)


class _Frame:
    """Axes from zero, in per cent."""

    def __init__(self, right: float, top: float) -> None:
        self._right, self._top = right, top

    def point(self, x: float, y: float) -> str:
        """`x,y` in pixels."""
        across = _LEFT + x / self._right * (_WIDTH - _LEFT - _RIGHT)
        up = _HEIGHT - _BOTTOM - y / self._top * (_HEIGHT - _TOP - _BOTTOM)
        return f"{across:.1f},{up:.1f}"

    def across(self, y: float, text: str) -> str:
        """A dashed line at `y`."""
        at = float(self.point(0, y).split(",")[1])
        return (
            f'<line class="mark act" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
            f'<text class="marktext" x="{_LEFT + 6}" y="{at - 5}">{escape(text)}</text>'
        )

    def down(self, x: float, text: str) -> str:
        """A dashed line at `x`."""
        at = float(self.point(x, 0).split(",")[0])
        return (
            f'<line class="mark review" x1="{at}" x2="{at}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
            f'<text class="marktext" x="{at - 5}" y="{_TOP + 12}" text-anchor="end">{escape(text)}</text>'
        )

    def drawn(self, body: str, x_label: str, y_label: str) -> str:
        """The whole picture."""
        parts = [
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(y_label)} over {escape(x_label)}">'
        ]
        digits = 0 if self._top > 0.1 else 1
        for step in range(6):
            value = self._top * step / 5
            y = float(self.point(0, value).split(",")[1])
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
                f'<text class="tick" x="{_LEFT - 7}" y="{y + 5}" text-anchor="end">{value:.{digits}%}</text>'
            )
        for step in range(6):
            x = float(self.point(self._right * step / 5, 0).split(",")[0])
            parts.append(
                f'<text class="tick" x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{step / 5:.0%}</text>'
            )
        parts.append(body)
        parts.append(
            f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
            f'<text x="{-(_HEIGHT - _BOTTOM + _TOP) / 2}" y="14" transform="rotate(-90)" text-anchor="middle">'
            f"{escape(y_label)}</text></svg>"
        )
        return "".join(parts)
