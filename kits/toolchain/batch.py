"""`kit predict --out FILE`: any number of samples through a bundle, in this process, on all cores, or on a Ray cluster.

Samples are read one after the other, judged in chunks, and each row is written as it comes, in the order of the input:
memory does not grow with their number. What a sample is and what its prediction means is the kit's.
"""

from __future__ import annotations

import csv
import json
import logging
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from multiprocessing import active_children, get_context
from pathlib import Path
from types import ModuleType
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

from kits.core.bundle import open_bytes, open_file
from kits.core.errors import DataError, MachineError, UnreachableError, UsageError, not_installed
from kits.core.files import naming
from kits.core.kit import Progress
from kits.core.ready import ReadyBundle, make_ready
from kits.core.runtime import Payload
from kits.toolchain.oddities import Odd, Oddities
from kits.toolchain.own_tables import is_own
from kits.toolchain.predict import Input, Predicted, band_or_verdict, none_left, none_readable, told
from kits.toolchain.processors import granted
from kits.toolchain.providers import provider_sessions
from kits.toolchain.sheet_file import SheetRows
from kits.toolchain.sheet_rows import COLUMNS, sheet_cells

CHUNK = 500
"""Samples that are judged at once."""
_WAITING = 3
"""Chunks for each worker that may be under way: the bound of what is in memory."""
UNREADABLE = "unreadable"
_OTHER_FORMS = frozenset({".xls", ".xlsm", ".xlsb", ".ods", ".tsv", ".tab", ".parquet"})
"""Names under which lines of JSON would open as nothing."""
_JOINING = (
    "start its head with `ray start --head`, dashboard included, and open its port 10001; if it has a token:"
    " RAY_AUTH_MODE=token, and the token in RAY_AUTH_TOKEN or ~/.ray/auth_token; Python and Ray are to be the same there"
)

Row: TypeAlias = tuple[str, str]
"""A verdict, and the line of JSON that is written."""
Judge: TypeAlias = Callable[[Iterable[Sequence[Input]]], Iterator[list[Row]]]
Future = TypeVar("Future")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of each verdict were written; `unreadable` is one of them.

    Attributes:
        bands: the same by bands, where the kit has some.
        odd: what no single row shows.
    """

    counts: Counter[str]
    bands: Counter[str]
    odd: Odd = field(default_factory=Odd)

    @property
    def total(self) -> int:
        """All rows."""
        return self.counts.total()


def predict_to_file(
    bundle: Path, inputs: Iterable[Input], out: Path, *, on: str, provider: str, progress: Progress
) -> Tally:
    """Judges every input and writes a line of JSON for each; into a `.csv` a row of cells, into an `.xlsx` a sheet.

    Args:
        out: takes its name when the last row is in it; until then it ends in `.part`.
        on: empty: this process; `cores`: a process for each core; `ray` or `ray://HOST:PORT`: a Ray cluster.

    Raises:
        UsageError: an address of another kind.
        MachineError: Ray is not installed, or a process was killed.
        UnreachableError: the cluster does not answer.
        DataError: nothing there, or nothing that could be read.
    """
    counts: Counter[str] = Counter()
    bands: Counter[str] = Counter()
    part = out.with_name(out.name + ".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    oddities = Oddities()
    unread: dict[str, JsonValue] = {}
    progress.begin("predicting", 0)
    try:
        with _judge_on(on, bundle, provider) as judge, _written(part, out) as write:
            for rows in judge(chunks(oddities.passing(map(loaded, inputs)), CHUNK)):
                for verdict, line in rows:
                    counts[verdict] += 1
                    row = json.loads(line)
                    bands[band_or_verdict(row) or UNREADABLE] += 1
                    unread = unread or (row if verdict == UNREADABLE else {})
                    oddities.see(row.get("prediction"))
                    write(row, line)
                progress.advance(len(rows))
    except BaseException:
        if not counts:
            part.unlink(missing_ok=True)  # not a row of it is lost
        raise
    progress.end()
    if counts.total() == counts[UNREADABLE]:
        part.unlink()
        if unread:
            raise none_readable(counts.total(), str(unread["error"]), str(unread["path"]))
        if oddities.left_out:
            raise none_left(oddities.left_out)
        raise DataError(
            "nothing to predict there", fix="give files of a kind that the kit reads, see kit list"
        )
    part.replace(out)
    return Tally(counts, bands, oddities.found(lambda: _ready(str(bundle), provider, 0)))


def refuse_as_target(out: Path, inputs: Iterable[Path]) -> None:
    """Refuses to write over what is to be read, and under a name that promises another form.

    In a folder that is to be read a file may be written over that was written there before.

    Raises:
        UsageError: one of both.
    """
    if out.exists() and any(_would_be_gone(out, given) for given in inputs):
        raise UsageError(
            "it is to be predicted, and would be gone",
            where=f"--out {out}",
            fix="name another file",
        )
    if out.suffix.lower() in _OTHER_FORMS:
        raise UsageError(
            f"no {out.suffix} is written: a table is .xlsx or .csv",
            where=f"--out {out}",
            fix=f"--out {out.with_suffix('.xlsx')}",
        )


def _would_be_gone(out: Path, given: Path) -> bool:
    if not given.is_dir():
        return given.exists() and out.samefile(given)
    inside = out.is_file() and out.resolve().is_relative_to(given.resolve())
    return inside and out.stat().st_size > 0 and not is_own(out)


@contextmanager
def _written(part: Path, out: Path) -> Iterator[Callable[[Mapping[str, JsonValue], str], object]]:
    """Takes rows with their lines; where people will open them in a spreadsheet, with a mark that says UTF-8, or as a workbook."""
    if out.suffix.lower() == ".xlsx":
        sheet = SheetRows()
        yield lambda row, _line: sheet.add(row)
        sheet.write(part)
        return
    if out.suffix.lower() != ".csv":
        with naming(part), part.open("w", encoding="utf-8") as file:
            yield lambda _row, line: file.write(line + "\n")
        return
    with naming(part), part.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        yield lambda row, _line: table.writerow(sheet_cells(row))


def chunks(inputs: Iterable[Input], size: int) -> Iterator[tuple[Input, ...]]:
    """Inputs in chunks of at most `size`."""
    rest = iter(inputs)
    while chunk := tuple(islice(rest, size)):
        yield chunk


def loaded(given: Input) -> Input:
    """The input with its bytes: another machine does not have the file."""
    if given.error or given.content is not None:
        return given
    try:
        return replace(given, content=given.path.read_bytes())
    except OSError as error:
        return replace(given, error=error.strerror or str(error))


def judged(ready: ReadyBundle, chunk: Sequence[Input]) -> list[Row]:
    """A row for each input of a chunk, in order."""
    payloads: dict[int, Payload] = {}
    rows: dict[int, Row] = {}
    for number, given in enumerate(chunk):
        try:
            if given.error or given.content is None:
                rows[number] = _unread(given, given.error)
                continue
            payloads[number] = ready.runtime.decode(given.content, given.media_type)
        except DataError as error:
            rows[number] = _unread(given, told(error))
    rows.update(_predicted(ready, chunk, payloads))
    return [rows[number] for number in sorted(rows)]


def _predicted(
    ready: ReadyBundle, chunk: Sequence[Input], payloads: dict[int, Payload]
) -> dict[int, Row]:
    """All at once; where one of them is refused, one by one."""
    try:
        predictions = ready.predict(list(payloads.values())) if payloads else []
    except DataError as error:
        if len(payloads) == 1:
            number = next(iter(payloads))
            return {number: _unread(chunk[number], told(error))}
        single = ({number: payload} for number, payload in payloads.items())
        return {n: row for one in single for n, row in _predicted(ready, chunk, one).items()}
    found: dict[int, Row] = {}
    for number, prediction in zip(payloads, predictions):
        given, decision = chunk[number], ready.decide(prediction)
        row = Predicted(given.path, prediction, decision, "", given.sample)
        found[number] = (decision.verdict, _line(row))
    return found


def _unread(given: Input, error: str) -> Row:
    return UNREADABLE, _line(Predicted(given.path, error=error, sample=given.sample))


def _line(row: Predicted) -> str:
    return json.dumps(row.as_json(), ensure_ascii=False, allow_nan=False)


def in_order(
    parts: Iterable[Sequence[Input]],
    submit: Callable[[Sequence[Input]], Future],
    wait: Callable[[Future], list[Row]],
    most: int,
) -> Iterator[list[Row]]:
    """Results in the order of the chunks, with at most `most` chunks under way."""
    waiting: deque[Future] = deque()
    for part in parts:
        waiting.append(submit(part))
        if len(waiting) >= most:
            yield wait(waiting.popleft())
    while waiting:
        yield wait(waiting.popleft())


def _judge_on(on: str, bundle: Path, provider: str) -> AbstractContextManager[Judge]:
    if not on:
        ready = _ready(str(bundle), provider, 0)
        return nullcontext(lambda parts: (judged(ready, part) for part in parts))
    if on == "cores":
        return _cores(bundle, provider)
    if on == "ray" or on.startswith("ray://"):
        return _ray(on, bundle, provider)
    raise UsageError(
        f"prediction on {on!r} is not possible", fix="--on cores, --on ray or --on ray://HOST:10001"
    )


@contextmanager
def _cores(bundle: Path, provider: str) -> Iterator[Judge]:
    """A process for each core, each with the bundle loaded once; where this one is to end, they do not go on."""
    count, others = granted(), set(active_children())
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:

        def judge(parts: Iterable[Sequence[Input]]) -> Iterator[list[Row]]:
            try:
                yield from in_order(
                    parts,
                    lambda part: pool.submit(_in_process, str(bundle), provider, part),
                    lambda future: future.result(),
                    _WAITING * count,
                )
            except BrokenProcessPool as error:
                raise MachineError(
                    "a process that predicted was killed",
                    fix="leave --on out, or give the machine more memory",
                ) from error

        try:
            yield judge
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise


def _in_process(bundle: str | bytes, provider: str, part: Sequence[Input]) -> list[Row]:
    return judged(_ready(bundle, provider, 1), part)


@lru_cache(maxsize=1)
def _ready(bundle: str | bytes, provider: str, threads: int) -> ReadyBundle:
    """The bundle, by its path or its bytes; loaded once in each process."""
    opened = open_bytes(bundle) if isinstance(bundle, bytes) else open_file(Path(bundle))
    sessions = provider_sessions(provider, threads, full_precision=opened.full_precision)
    return make_ready(opened, sessions=sessions, target="cpu" if provider == "cpu" else "openvino")


def _join(ray: ModuleType, address: str) -> None:
    """Signs in at a cluster; `ray`: starts one here, for as long as it takes.

    Raises:
        UnreachableError: it does not answer, or does not let us in.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is to be done is said below
            if address == "ray":
                ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            else:
                ray.init(address, log_to_driver=False)
    except (OSError, RuntimeError, ray.exceptions.RayError) as error:
        why = str(error).strip().partition("\n")[0][:200]
        raise UnreachableError(
            f"the Ray cluster does not answer, or does not let us in: {why}", where=address, fix=_JOINING
        ) from error  # fmt: skip


@contextmanager
def _ray(address: str, bundle: Path, provider: str) -> Iterator[Judge]:
    """A task for each chunk on a Ray cluster, whose machines must have Kitwright and the kit installed."""
    try:
        import ray
    except ImportError as error:
        raise not_installed("Ray", "ray") from error
    _join(ray, address)
    try:
        content, task = ray.put(bundle.read_bytes()), ray.remote(_in_process)
        count = max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield lambda parts: in_order(
            parts, lambda part: task.remote(content, provider, part), ray.get, _WAITING * count
        )
    finally:
        ray.shutdown()
