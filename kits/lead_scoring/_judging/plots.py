"""What a report shows of leads: gain and lift, how many calls pay, whether probabilities keep their word, and the course.

SVG with the classes of the report's style sheet. It draws what was judged; nothing here decides.
"""

from __future__ import annotations

import numpy as np

from kits.core.kit import EvaluateTask, Evaluation, Plot
from kits.core.ranked import Ranked, Tally
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened, proportion
from kits.lead_scoring._court.tables import plots as court_plots
from kits.lead_scoring._judging import drawing, tables
from kits.lead_scoring._judging.capacity import Terms, terms_of
from kits.lead_scoring._judging.course import course
from kits.lead_scoring._judging.drawing import DASHED, SOFT, Axis, Frame, plain_number, round_up
from kits.lead_scoring._judging.figures import BINS, bins_of, calibration_error, error_told, mean_of
from kits.lead_scoring._judging.judged import Judged, judged_again
from kits.lead_scoring._judging.of_runtime import court_of, still_open_by, team_of, tried_by

_SHARES = np.concatenate([np.arange(1, 20) / 100, np.arange(20, 101, 2) / 100])
_CALLS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
_ROUNDS = 200
_HISTOGRAM = 32


def plots(task: EvaluateTask, evaluation: Evaluation) -> list[Plot]:
    """The plots and tables of an evaluation; read by `kit report`."""
    items = {item.sample.id: item for item in task.items}
    results = [result for result in evaluation.results if result.sample_id in items]
    if not results:
        return []
    judged = judged_again([items[result.sample_id] for result in results], results)
    terms = terms_of(team_of(task.runtime), task.dataset.items, False, task.operating_point)
    made: list[Plot] = []
    if judged.won.any() and not judged.won.all():
        tally = Ranked(judged.score, judged.won).tally(judged.each)
        made += [
            _gain(judged, tally, terms),
            _lift(tally, terms),
            _precision(judged, terms, task.seed),
        ]
    made.append(_reliability(judged, task.seed))
    made += course(evaluation.slices)
    made.append(tables.money(evaluation, terms, task))
    made += tables.groups(evaluation.slices)
    made += tables.still_open(still_open_by(task.runtime))
    made += tables.tried(tried_by(task.runtime))
    court = court_of(task.runtime)
    if court is not None:
        made += court_plots(court)
    return made


# -- order -------------------------------------------------------------------------------------------


def _gain(judged: Judged, tally: Tally, terms: Terms) -> Plot:
    shares = np.append(0.0, _SHARES)
    gained = tally.gain(shares)
    frame = Frame(
        Axis(0, 1, "share of leads called, best score first"), Axis(0, 1, "share of buyers reached")
    )
    base = tally.base
    body = (
        frame.curve([(0, 0), (base, 1), (1, 1)], SOFT)
        + frame.curve([(0, 0), (1, 1)], DASHED)
        + frame.curve(zip(shares.tolist(), gained.tolist()))
    )
    there = float(tally.gain(np.array([terms.share]))[0])
    body += frame.upright(terms.share, f"red, the team's capacity: {there:.0%} of buyers", low=True)
    whole = (
        "" if judged.alike else f", standing for {tally.n.sum():,.0f} and {tally.hit.sum():,.0f}"
    )
    caption = (
        f"n={len(judged)}, {int(judged.won.sum())} won{whole}. Calling the best {terms.share:.1%} of leads reaches "
        f"{there:.0%} of all buyers. Grey: a perfect order; dashed: a random one."
    )
    return Plot("How many buyers the first calls reach", svg=frame.drawn(body), caption=caption)


def _lift(tally: Tally, terms: Terms) -> Plot:
    base = tally.base
    lifts = [(float(share), tally.lift_at(float(share))) for share in _SHARES]
    top = round_up(max(1.2, *(lift for _, lift in lifts)))
    frame = Frame(
        Axis(0, 1, "share of leads called, best score first"),
        Axis(0, top, "times as often as on average", plain_number),
    )
    perfect = [(float(share), min(1 / base, 1 / float(share), top)) for share in _SHARES]
    body = frame.curve(perfect, SOFT) + frame.across(1.0) + frame.curve(lifts)
    lift = tally.lift_at(terms.share)
    body += frame.upright(terms.share, f"red, the team's capacity: {lift:.2f} times")
    caption = f"Leads called buy so many times as often as all do ({base:.1%}). Grey: a perfect order, cut at the top; dashed: a random one."
    return Plot("Lift", svg=frame.drawn(body), caption=caption)


def _precision(judged: Judged, terms: Terms, seed: int) -> Plot:
    ranked = Ranked(judged.score, judged.won)
    shares = sorted({*_CALLS, terms.share})
    found = estimates(
        {str(share): _precision_at(ranked, share) for share in shares},
        judged.groups,
        seed=seed,
        rounds=_ROUNDS,
        each=judged.each,
    )
    found = {
        name: opened(one, max(1, round(float(name) * judged.alone))) for name, one in found.items()
    }
    points = [
        (share * terms.incoming, found[str(share)]) for share in shares if str(share) in found
    ]
    frame = Frame(
        Axis(0, round_up(terms.incoming), "leads called in a month", plain_number),
        Axis(0, min(1.0, round_up(max(one.high for _, one in points))), "share of them that buys"),
    )
    base = judged.share_won
    body = frame.band([(x, one.low) for x, one in points], [(x, one.high) for x, one in points])
    body += frame.across(base) + frame.curve([(x, one.value) for x, one in points])
    if terms.value > terms.contact > 0:
        body += frame.across(terms.contact / terms.value)
    here = found.get(str(terms.share))
    told = f": {here.value:.1%} buy" if here else ""
    body += frame.upright(terms.share * terms.incoming, f"red, the team's capacity{told}")
    pays = (
        f" and the share from which a call pays ({terms.contact / terms.value:.1%})"
        if terms.value > terms.contact > 0
        else ""
    )
    caption = (
        f"With its 95 % interval. Dashed: the average ({base:.1%}){pays}. Capacity: {terms.said}."
    )
    return Plot("How many of the called buy", svg=frame.drawn(body), caption=caption)


def _precision_at(ranked: Ranked, share: float) -> Figure:
    return lambda weight: ranked.tally(weight).precision_at(share)


# -- probabilities -----------------------------------------------------------------------------------


def _reliability(judged: Judged, seed: int) -> Plot:
    places = bins_of(judged.chance)
    rows: list[tuple[float, Estimate]] = []
    for place in np.unique(places):
        mine = places == place
        part = judged.rows(mine)
        rows.append((float(np.average(part.chance, weights=part.each)), _share_won(part, seed)))
    top = min(1.0, round_up(max(max(p, rate.high) for p, rate in rows)))
    frame = Frame(Axis(0, top, ""), Axis(0, top, "share that was won"), bottom=26)
    body = frame.curve([(0, 0), (top, top)], DASHED)
    for middle, rate in rows:
        honest = rate.low <= middle <= rate.high
        told = f"{rate.n} leads, probability {middle:.1%}, won {rate.value:.1%}"
        body += frame.whisker(middle, rate.low, rate.high)
        body += frame.dot(middle, rate.value, "good" if honest else "bad", told)
    counts, edges = np.histogram(np.minimum(judged.chance, top), bins=_HISTOGRAM, range=(0, top))
    below = Frame(
        Axis(0, top, "probability"),
        Axis(0, round_up(float(counts.max())), "leads", plain_number),
        height=150,
        top=10,
    )
    bars = "".join(
        below.bar(float(start), float(end), float(count))
        for start, end, count in zip(edges, edges[1:], counts)
    )
    svg = drawing.picture(
        frame.inside(body, x_ticks=False) + drawing.shifted(below.inside(bars), frame.height),
        frame.height + below.height,
        "share won over probability, and leads by probability",
    )
    error = calibration_error(judged.chance, judged.won)(judged.each)
    outside = sum(not rate.low <= middle <= rate.high for middle, rate in rows)
    caption = (
        f"{BINS} bins of equally many leads (n={len(judged)}) with their 95 % intervals; on the dashed line a probability "
        f"is the share that buys. {outside} of {len(rows)} bins are off beyond chance (red). Below: leads by probability. "
        f"Calibration error: {error_told(error, judged, seed)[0]}."
    )
    return Plot("Do probabilities keep their word?", svg=svg, caption=caption)


def _share_won(part: Judged, seed: int) -> Estimate:
    """Exact where each lead stands for itself, else by resampling, opened where all of so few ended alike."""
    if part.alike:
        return proportion(int(part.won.sum()), len(part))
    won = {"won": mean_of(part.won.astype(np.float64))}
    found = estimates(won, part.groups, seed=seed, rounds=_ROUNDS, each=part.each)["won"]
    return opened(found, part.alone)
