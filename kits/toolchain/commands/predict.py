"""The verb `predict`: samples through a bundle's runtime, told one by one or written into a file."""

from __future__ import annotations

import shlex
from collections import Counter
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import (
    HERE,
    BundleOption,
    JsonOption,
    ProjectOption,
    ProviderOption,
    QuietOption,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pydantic import JsonValue

    from kits.core.console import Console
    from kits.core.kit_manifest import Words
    from kits.toolchain.oddities import Odd
    from kits.toolchain.predict import Predicted

_TOLD_IN_FULL, _REASONS, _SPANS = 3, 5, 10
"""Results that are told in full at most, and what of each."""
_NAMED = 10
"""Fields that are named."""


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(predict)


def predict(
    inputs: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    bundle: BundleOption = "",
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures with what was found.")
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON with records that replies may tell; none without it."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a line of JSON for each sample, however many; FILE.csv or FILE.xlsx: a table for spreadsheets, in .xlsx of leads the best first.",
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            "--on", metavar="ADDRESS", help="With --out: `cores`, `ray`, or ray://HOST:PORT."
        ),
    ] = "",
    as_of: Annotated[
        str,
        typer.Option(
            metavar="MOMENT",
            help="Leads: those without an outcome were still open then (`now`, 2026-12-01), and are given what is left of their chance; without it they are scored as they came.",
        ),
    ] = "",
    provider: ProviderOption = "cpu",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Predict files and folders through the same runtime as the device.

    Where samples are letters, the reply that would be drafted is shown with the source of each
    sentence. Nothing is sent and no address is called.
    """
    from kits.core.console import Console
    from kits.toolchain.predict import moment_in
    from kits.toolchain.project import bundle_file

    console, at = Console(as_json, quiet), moment_in(as_of)
    target = _alone(out, save or records) if out is not None or where else None
    file = bundle_file(project, bundle)
    if target is not None:
        _predict_to_file(inputs, at, target, where, file, provider, project, console)
    else:
        _predict_each(inputs, at, file, provider, project, console, save=save, records=records)


def _predict_each(
    inputs: list[Path],
    as_of: datetime | None,
    bundle: Path,
    provider: str,
    project: Path,
    console: Console,
    *,
    save: Path | None,
    records: Path | None,
) -> None:
    """`kit predict`: each sample is told."""
    from kits.core.bundle import open_file
    from kits.core.discovery import get_kit
    from kits.core.ready import make_ready
    from kits.toolchain import predict as predicting
    from kits.toolchain.drafting import Records, drafts_replies
    from kits.toolchain.oddities import Oddities
    from kits.toolchain.project import config_here
    from kits.toolchain.providers import provider_sessions

    target = "cpu" if provider == "cpu" else "openvino"
    opened = open_file(bundle)
    sessions = provider_sessions(provider, full_precision=opened.full_precision)
    ready = make_ready(opened, sessions=sessions, target=target)
    kit = get_kit(ready.bundle.manifest.kit)
    found = predicting.inputs_of(
        kit, inputs, config_here(project, kit), opened.manifest.config, as_of
    )
    known = Records.read(records) if records is not None else None
    oddities = Oddities()
    passing = oddities.passing(found)
    results = list(predicting.predict_inputs(ready, passing, keep=save is not None, records=known))
    predicting.refuse_if_all_failed(results, oddities.left_out)
    rows = [result.as_json() for result in results]
    for row in rows:
        oddities.see(row.get("prediction"))
    odd = oddities.found(lambda: ready)
    console.answer(
        _summary(rows, kit.manifest.words),
        {"bundle": ready.id, "predictions": list(rows), **odd.as_json()},
    )
    _tell_odd(odd, len(rows), console)
    replies = drafts_replies(ready.runtime)
    _tell_results(results, kit.manifest.words, console, replies=replies)
    if save is not None:
        written = predicting.save_pictures(kit, results, save)
        console.note(f"{written} pictures in {save}")
    console.next(_next(len(results), replies=replies, saved=save is not None))


def _next(count: int, *, replies: bool, saved: bool) -> str:
    """Lines of many samples are no list to work with: a table is."""
    if replies:
        return "kit replay PATH"
    return "kit bench" if saved or count <= _TOLD_IN_FULL else "kit predict PATH --out FILE.csv"


def _tell_results(
    results: Sequence[Predicted], words: Words, console: Console, *, replies: bool
) -> None:
    """A line for each, and why while they are few."""
    from kits.toolchain.drafting import NO_DRAFT, draft_lines

    for result in results:
        console.note(_row(result, words))
        lines = list(_why(result)) if len(results) <= _TOLD_IN_FULL else []
        if result.prediction is not None and result.prediction.draft is not None:
            lines += draft_lines(result.prediction.draft)
        elif replies and result.prediction is not None:
            lines.append(NO_DRAFT)
        for line in lines:
            # what a stranger wrote may hold signs that move a terminal's cursor
            console.note("      " + "".join(c for c in line if c.isprintable()))


def _alone(out: Path | None, other: Path | None) -> Path:
    """`out`. Raises UsageError for options that do not go together."""
    from kits.core.errors import UsageError

    if out is None:
        raise UsageError("--on writes its rows into a file", fix="add --out FILE")
    if other is not None:
        raise UsageError("--out writes rows alone", fix="leave --save and --records out")
    return out


def _predict_to_file(
    inputs: list[Path],
    as_of: datetime | None,
    out: Path,
    where: str,
    bundle: Path,
    provider: str,
    project: Path,
    console: Console,
) -> None:
    """`kit predict --out`: rows into a file, however many."""
    from kits.core.bundle import open_file
    from kits.core.discovery import get_kit
    from kits.toolchain.batch import predict_to_file, refuse_as_target
    from kits.toolchain.predict import inputs_of
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import config_here

    refuse_as_target(out, inputs)
    manifest = open_file(bundle).manifest
    kit = get_kit(manifest.kit)
    found = inputs_of(kit, inputs, config_here(project, kit), manifest.config, as_of)
    tally = predict_to_file(
        bundle, found, out, on=where, provider=provider, progress=make_progress(console)
    )
    console.answer(
        f"{tally.total} rows: {_counts(tally.bands, kit.manifest.words)}",
        {
            "out": str(out), "rows": tally.total, "counts": dict(tally.counts),
            **tally.odd.as_json(),
        },
    )  # fmt: skip
    _tell_odd(tally.odd, tally.total, console)
    if out.suffix.lower() != ".xlsx":
        console.next(f"head {shlex.quote(str(out))}")


def _tell_odd(odd: Odd, of: int, console: Console) -> None:
    """Says what no single row shows: without a word, all of them would score alike, or wrong."""
    if odd.absent:
        more = len(odd.absent) - _NAMED
        named = ", ".join(odd.absent[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        console.note(
            f"warn no sample has {named}, which the bundle learned from: are they empty here, or called otherwise?"
        )
    if odd.unheard:
        console.note(
            f"warn no sample has {', '.join(odd.unheard[:_NAMED])}: who says there that they do not want this is not heard, and predicted as all others"
        )
    if odd.unreadable:
        fields = list(odd.unreadable.items())[:_NAMED]
        named = ", ".join(f"{name} in {n} of {of}" for name, n in fields)
        console.note(
            f"warn cannot be read and counts as missing: {named}; a number, a date, or yes or no was learned there"
        )
    for why in odd.left_out[:_NAMED]:
        console.note(f"warn {why}")
    if (more := len(odd.left_out) - _NAMED) > 0:
        console.note(f"warn and {more} more such, which --json has")
    for one in odd.skews[:_NAMED]:
        console.note(f"warn {one.text}")
    if odd.skews:
        console.note(
            "     what the model learned from such a column does not hold here: it is filled in later, or not any more, or holds something new"
        )


def _counts(said: Mapping[str, int], words: Words) -> str:
    """Samples of each verdict, or of each band where the kit has some, by what the kit calls them."""
    counts = {words.verdict(verdict): 0 for verdict in ("act", "review", "pass")}
    for name, n in said.items():
        called = words.verdict(name)
        counts[called] = counts.get(called, 0) + n
    return ", ".join(f"{called} {n}" for called, n in counts.items())


def _summary(rows: Sequence[Mapping[str, JsonValue]], words: Words) -> str:
    from kits.toolchain.predict import band_or_verdict

    said = Counter(filter(None, map(band_or_verdict, rows)))
    unread = len(rows) - said.total()
    return f"{_counts(said, words)}, unreadable {unread} of {len(rows)}"


def _row(result: Predicted, words: Words) -> str:
    if result.prediction is None or result.decision is None:
        return f"  unreadable         {result.name}: {result.error}"
    boxes = f"  {len(result.prediction.boxes)} boxes" if result.prediction.boxes else ""
    score = f"{result.score:.4g}" if isfinite(result.score) else "–"
    if result.band:  # it says more than which of two ends is likelier
        return f"  {result.band:<9} {score:>8}  {result.name}"
    verdict, label = words.verdict(result.decision.verdict), result.decision.label or "-"
    return f"  {verdict:<7} {score:>10}  {label:<14} {result.name}{boxes}"


def _why(result: Predicted) -> Iterator[str]:
    """What stands behind a verdict, for the few results that a person reads one by one."""
    if result.prediction is None or result.decision is None:
        return
    said = result.prediction
    refused = said.details.get("opted_out")
    yield "does not want to be scored" if refused else result.decision.reason
    yield from (reason.marked for reason in said.reasons[:_REASONS])
    levels = (f"{q.name} {q.value:g}{_unit(q.unit)}" for q in said.quantities)
    if line := ", ".join(levels):
        yield line
    if line := ", ".join(f"{s.label}: {s.text}" for s in said.spans[:_SPANS]):
        yield line


def _unit(unit: str) -> str:
    return "" if unit in ("", "level") else f" {unit}"
