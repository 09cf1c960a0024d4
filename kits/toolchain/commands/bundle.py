"""Verbs that work with bundles: `compile`, `compare`, `bench`, `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

_TOLD_IN_FULL, _REASONS, _SPANS = 3, 5, 10
"""Results that are told in full at most, and what of each."""
_NAMED = 10
"""Fields that are named."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kits.core.console import Console
    from kits.toolchain.bench import Bench
    from kits.toolchain.predict import Predicted

BundleOption = Annotated[
    str, typer.Option(metavar="PATH", help="A .kwb file; the newest one by default.")
]
ProviderOption = Annotated[
    str,
    typer.Option(help="cpu (onnxruntime), openvino or openvino-fp32.", metavar="NAME"),
]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command("compile")(compile_)
    app.command()(compare)
    app.command()(bench)
    app.command()(predict)


def compile_(
    target: Annotated[
        str,
        typer.Option(
            help="cpu, openvino, tensorrt, jetson-orin-nano, …; device.target by default."
        ),
    ] = "",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16 (openvino), fp16 or int8.")
    ] = "auto",
    run: Annotated[str, typer.Option(metavar="ID", help="The newest run by default.")] = "",
    max_loss: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest relative loss of the goal metric.")
    ] = 0.02,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the bundle for a device, in the lowest precision that loses nothing that matters."""
    from kits.core.console import Console
    from kits.toolchain.compile import compile_run
    from kits.toolchain.gate import Limits
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    made = compile_run(
        Project.open(project),
        target=target,
        precision=precision,
        run=run,
        limits=Limits.for_loss(max_loss),
        progress=make_progress(console),
    )
    console.answer(f"{made.precision} for {made.target}: {made.path}", made.as_json())
    for judged in made.judgements:
        kept = judged.evidence
        console.note(
            f"  {judged.precision}: {kept['metric']} {kept['value']:.4g} (FP32 {kept['fp32']:.4g}), "
            f"same verdict for {kept['verdict_agreement']:.1%} of {kept['n']} samples"
        )
    for name, milliseconds in made.latency_ms.items():
        console.note(f"  {name}: {milliseconds:.2f} ms per sample here")
    for refused in made.refused:
        console.note(f"refused {refused['precision']}: {refused['reason']}")
    for text in made.notes:
        console.note(f"note: {text}")
    console.next("kit publish --hub URL")


def compare(
    champion: Annotated[Path, typer.Argument(help="The bundle in use.")],
    challenger: Annotated[Path, typer.Argument(help="The one that wants its place.")],
    max_loss: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest relative loss of the goal metric.")
    ] = 0.02,
    max_escape_rise: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Largest rise of the escape rate, beyond chance."),
    ] = 0.01,
    max_new_escapes: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Defects that the champion catches and the challenger may let pass, a count, "
            "beyond chance or not; gate.max_new_escapes of kit.yaml by default.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the bootstrap; data.seed by default.")
    ] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Is the challenger cheaper than the champion, beyond chance? Exit code 6 when it is not."""
    from kits.core.console import Console
    from kits.toolchain.compare import Allowed
    from kits.toolchain.compare import compare as judge
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    strict = opened.config.gate.max_new_escapes if max_new_escapes is None else max_new_escapes
    found = judge(
        opened,
        champion,
        challenger,
        allowed=Allowed(max_loss, max_escape_rise, strict),
        seed=seed,
        progress=make_progress(console),
    )
    word = "better" if found.better else "not better"
    console.answer(
        f"{word}: {found.reason} (n={found.n}, dataset {found.dataset[:12]}, seed {found.seed})",
        found.as_json(),
    )
    for name in found.champion.metrics:
        if name in found.challenger.metrics:
            one, two = found.champion.metrics[name], found.challenger.metrics[name]
            console.note(f"  {name:<18} champion {one.text()}  challenger {two.text()}")
    if not found.better:
        raise typer.Exit(6)
    console.next(f"kit publish {challenger} --hub URL")


def bench(
    bundle: BundleOption = "",
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="PATH", help="Files to use; golden samples by default."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to measure.")] = 5.0,
    threads: Annotated[int, typer.Option(min=0, help="0: the provider's choice.")] = 0,
    provider: ProviderOption = "cpu",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Latency, throughput, memory and cold start on this machine."""
    from kits.core.console import Console
    from kits.toolchain.bench import bench as measure
    from kits.toolchain.predict import find_inputs

    console = Console(as_json, quiet)
    result = measure(
        _bundle_path(project, bundle),
        inputs=find_inputs(inputs or ()),
        seconds=seconds,
        threads=threads,
        provider=provider,
    )
    console.answer(_bench_line(result), result.as_json())
    for precision, stages in result.stages.items():
        for stage, q in stages.items():
            figures = "  ".join(f"{name} {value:7.2f}" for name, value in q.items())
            console.note(f"  {precision} {stage:<6} {figures} ms")
        console.note(f"  {precision} {result.throughput_per_s[precision]:.1f} samples per second")
    console.next("kit publish --hub URL")


def _bench_line(result: Bench) -> str:
    first = next(iter(result.stages))
    total = result.stages[first]["total"]
    return (
        f"{first} on {', '.join(result.providers) or 'cpu, without a model'}: p50 {total['p50']:.2f} ms, "
        f"p99 {total['p99']:.2f} ms, {result.rss_mib:.0f} MiB, "
        f"cold start {result.cold_start_ms:.0f} ms (n={result.n})"
    )


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
            help="Write a line of JSON for each sample, however many; FILE.csv: a row for spreadsheets.",
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            "--on", metavar="ADDRESS", help="With --out: `cores`, `ray`, or ray://HOST:PORT."
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
    from kits.core.bundle import open_file
    from kits.core.console import Console
    from kits.core.discovery import get_kit
    from kits.core.ready import make_ready
    from kits.toolchain import predict as predicting
    from kits.toolchain.drafting import Records, drafts_replies
    from kits.toolchain.project import config_here
    from kits.toolchain.providers import provider_sessions

    console = Console(as_json, quiet)
    if out is not None or where:
        file = _alone(out, save or records)
        _predict_to_file(
            inputs, file, where, _bundle_path(project, bundle), provider, project, console
        )
        return
    target = "cpu" if provider == "cpu" else "openvino"
    opened = open_file(_bundle_path(project, bundle))
    sessions = provider_sessions(provider, full_precision=opened.full_precision)
    ready = make_ready(opened, sessions=sessions, target=target)
    kit = get_kit(ready.bundle.manifest.kit)
    found = predicting.inputs_of(kit, inputs, config_here(project, kit))
    known = Records.read(records) if records is not None else None
    results = list(predicting.predict_inputs(ready, found, keep=save is not None, records=known))
    predicting.refuse_if_all_failed(results)
    rows = [result.as_json() for result in results]
    absent = predicting.Absent()
    for row in rows:
        absent.see(row.get("prediction"))
    console.answer(
        _summary(results),
        {"bundle": ready.id, "predictions": list(rows), "absent": list(absent.fields)},
    )
    _tell_absent(absent.fields, console)
    replies = drafts_replies(ready.runtime)
    _tell_results(results, console, replies=replies)
    if save is not None:
        written = predicting.save_pictures(kit, results, save)
        console.note(f"{written} pictures in {save}")
    console.next("kit replay PATH" if replies else "kit bench")


def _tell_results(results: Sequence[Predicted], console: Console, *, replies: bool) -> None:
    """A line for each, and why while they are few."""
    from kits.toolchain.drafting import NO_DRAFT, draft_lines

    for result in results:
        console.note(_row(result))
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
    from kits.toolchain.batch import predict_to_file
    from kits.toolchain.predict import inputs_of
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import config_here

    kit = get_kit(open_file(bundle).manifest.kit)
    found = inputs_of(kit, inputs, config_here(project, kit))
    tally = predict_to_file(
        bundle, found, out, on=where, provider=provider, progress=make_progress(console)
    )
    counts = ", ".join(f"{verdict} {n}" for verdict, n in sorted(tally.counts.items()))
    console.answer(
        f"{tally.total} rows: {counts}",
        {
            "out": str(out), "rows": tally.total, "counts": dict(tally.counts),
            "absent": list(tally.absent),
        },
    )  # fmt: skip
    _tell_absent(tally.absent, console)
    console.next(f"head {out}")


def _tell_absent(fields: Sequence[str], console: Console) -> None:
    """Says which fields no sample had: without a word, all of them would score alike."""
    if fields:
        more = len(fields) - _NAMED
        named = ", ".join(fields[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        console.note(
            f"warn no sample has {named}, which the bundle learned from: are they called otherwise here?"
        )


def _summary(results: list[Predicted]) -> str:
    counts = {"act": 0, "review": 0, "pass": 0}
    for result in results:
        if result.decision is not None:
            counts[result.decision.verdict] += 1
    unread = sum(bool(result.error) for result in results)
    text = ", ".join(f"{verdict} {n}" for verdict, n in counts.items())
    return f"{text}, unreadable {unread} of {len(results)}"


def _row(result: Predicted) -> str:
    if result.prediction is None or result.decision is None:
        return f"  unreadable         {result.name}: {result.error}"
    boxes = f"  {len(result.prediction.boxes)} boxes" if result.prediction.boxes else ""
    # where samples are ranked, the band says more than which of two ends is likelier
    score, band = result.prediction.score, result.prediction.details.get("band")
    label = str(band or result.decision.label or "-")
    return f"  {result.decision.verdict:<7} {score:10.4g}  {label:<14} {result.name}{boxes}"


def _why(result: Predicted) -> Iterator[str]:
    """What stands behind a verdict, for the few results that a person reads one by one."""
    if result.prediction is None or result.decision is None:
        return
    said = result.prediction
    yield result.decision.reason
    yield from (reason.text for reason in said.reasons[:_REASONS])
    levels = (f"{q.name} {q.value:g}{_unit(q.unit)}" for q in said.quantities)
    if line := ", ".join(levels):
        yield line
    if line := ", ".join(f"{s.label}: {s.text}" for s in said.spans[:_SPANS]):
        yield line


def _unit(unit: str) -> str:
    return "" if unit in ("", "level") else f" {unit}"


def _bundle_path(project: Path, given: str) -> Path:
    """A bundle by its path, also outside of any project, else as the project knows it."""
    from kits.toolchain.project import Project

    if given and Path(given).is_file():
        return Path(given)
    return Project.open(project).bundle_path(given)
