"""One lead scored over HTTP, with reasons: the hub beside `mlflow models serve` and BentoML, in one run on one machine.

`python -m benchmarks.lead_serving [--leads 400] [--rounds 3] [--others PYTHON]`. The bundle is trained on the made-up
firm's leads by the commands a user types; the hub serves it with everything a request costs there: a token, a quota,
the project's bundle, probability with its interval, reasons, hints. PYTHON is an interpreter that has mlflow, bentoml,
xgboost and pandas installed (a virtual environment of its own); the others serve a pipeline with as many trees that
was fitted to the same leads, answer with a probability alone, or with `--reasons` with each column's share of it (the
numbers that reasons are made of, by xgboost itself), and ask for no token. Each way takes ten leads in a row
after one that is not counted, then the next one has its turn, so a busy machine is busy for all; CPU time is that of
all of a server's processes, which a busy machine hardly changes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.machines_run import header, table
from cloud_sync.app import create_app
from cloud_sync.config import dump, load, parse
from cloud_sync.fleet.bundles import publish
from cloud_sync.hub import Hub
from cloud_sync.server import WebServer
from cloud_sync.store.db import migrate
from cloud_sync.store.models import Blob, Bundle, Release
from cloud_sync.web.accounts import create_person, issue_token
from kits.core.addresses import free_port
from kits.core.bundle import bundle_id
from kits.core.hub_api import PublishRequest
from kits.core.releases import target_path
from kits.core.signing import SigningKey
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring.demo import generate
from kits.toolchain.demo.programs import Programs

IN_A_ROW = 10
_PAUSE_S = 0.02
_UP_S = 180.0
TREES, DEPTH = 400, 5
COLUMNS = (
    "what",
    "CPU ms",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "hub is so many times faster (p50, p95, CPU)",
)
HUB = "the hub: probability, interval, reasons, hints"

_TRAIN = """
import sys, json, pandas as pd, xgboost
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
rows = [json.loads(line) for line in open(sys.argv[1])]
frame = pd.DataFrame([row["fields"] for row in rows])
won = [row["won"] for row in rows]
texts = [c for c in frame if frame[c].map(lambda v: isinstance(v, str)).any()]
frame[texts] = frame[texts].fillna("").astype(str)
numbers = [c for c in frame if c not in texts]
frame[numbers] = frame[numbers].astype(float)
columns = ColumnTransformer([("t", OneHotEncoder(handle_unknown="ignore"), texts)], remainder="passthrough")
model = make_pipeline(columns, xgboost.XGBClassifier(n_estimators=TREES, max_depth=DEPTH, n_jobs=1))
model.fit(frame, won)
""".replace("TREES", str(TREES)).replace("DEPTH", str(DEPTH))
_MLFLOW = (
    _TRAIN
    + """
import mlflow.pyfunc, mlflow.sklearn
class Why(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        rows = columns.transform(model_input)
        booster = model[-1].get_booster()
        return booster.predict(xgboost.DMatrix(rows), pred_contribs=True).tolist()
if REASONS:
    mlflow.pyfunc.save_model(sys.argv[2], python_model=Why())
else:
    mlflow.sklearn.save_model(model, sys.argv[2], input_example=frame.head(1), pyfunc_predict_fn="predict_proba",
        skops_trusted_types=["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"])
"""
)
_BENTO = (
    _TRAIN
    + """
import joblib
joblib.dump((model, texts, numbers, list(frame)), sys.argv[2])
open(sys.argv[3], "w").write('''
import bentoml, joblib, pandas as pd, xgboost
@bentoml.service(workers=1)
class Leads:
    def __init__(self):
        self.model, self.texts, self.numbers, self.columns = joblib.load(PLACE)
    @bentoml.api
    def score(self, fields: dict) -> list[float]:
        frame = pd.DataFrame([fields], columns=self.columns)
        frame[self.texts] = frame[self.texts].fillna("").astype(str)
        frame[self.numbers] = frame[self.numbers].astype(float)
        if REASONS:
            rows = xgboost.DMatrix(self.model[0].transform(frame))
            return self.model[-1].get_booster().predict(rows, pred_contribs=True)[0].tolist()
        return [float(self.model.predict_proba(frame)[0, 1])]
'''.replace("PLACE", repr(sys.argv[2])))
"""
)


@dataclass
class Way:
    """One server and how long it took, lead by lead. `process`: it, or what started it."""

    name: str
    port: int
    path: str
    headers: dict[str, str]
    bodies: Sequence[bytes]
    process: int = 0
    ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def open(self) -> http.client.HTTPConnection:
        """A connection that is kept."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, connection: http.client.HTTPConnection, number: int) -> float:
        """Milliseconds until one answer was read."""
        began = time.perf_counter()
        connection.request("POST", self.path, self.bodies[number % len(self.bodies)], self.headers)
        answer = connection.getresponse()
        said = answer.read()
        taken = 1e3 * (time.perf_counter() - began)
        if answer.status != 200:
            raise SystemExit(f"{self.name} answered {answer.status}: {said[:500]!r}")
        return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=400, help="different leads")
    parser.add_argument("--rounds", type=int, default=3, help="turns over all of them")
    parser.add_argument("--others", default="", help="an interpreter with mlflow and bentoml")
    parser.add_argument(
        "--reasons", action="store_true", help="the others tell each column's share, too"
    )
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(options.serve)
        return
    print(header("Leads: one lead over HTTP"))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        fields: list[dict[str, object]] = [
            dict(lead.fields) for lead in make_leads(99, options.leads)
        ]
        with (
            _hub(root, fields) as hub,
            _others(root, options.others, fields, options.reasons) as others,
        ):
            ways = [hub, *others]
            _take_turns(ways, options.leads, options.rounds)
    print(table(COLUMNS, [_row(way, ways[0]) for way in ways]))
    print(f"{len(ways[0].ms)} requests of each, one at a time over a connection that is kept")


def _take_turns(ways: Sequence[Way], leads: int, rounds: int) -> None:
    for way in ways:
        with closing(way.open()) as connection:
            for number in range(30):
                way.ask(connection, number)
    for _ in range(rounds):
        for first in range(0, leads, IN_A_ROW):
            for way in ways:
                time.sleep(_PAUSE_S)
                with closing(way.open()) as connection:  # servers end those that lie idle
                    way.ask(connection, first)
                    before = _cpu_s(way.process)
                    way.ms += [way.ask(connection, first + step) for step in range(IN_A_ROW)]
                    way.cpu_s += _cpu_s(way.process) - before


def _cpu_s(root: int) -> float:
    """What a process and all that it has started have computed so far; some make groups of their own."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        number = int(stat.parent.name)
        parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    mine = {root}
    while more := {one for one, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(ticks.get(one, 0) for one in mine) / os.sysconf("SC_CLK_TCK")


def _row(way: Way, hub: Way) -> list[str]:
    quantiles = np.quantile(way.ms, [0.5, 0.95, 0.99])
    cpu_ms, own_ms = (1e3 * one.cpu_s / len(one.ms) for one in (way, hub))
    own = np.quantile(hub.ms, [0.5, 0.95])
    ratios = [f"{other / mine:.1f}×" for other, mine in zip(quantiles, own)]
    told = ", ".join([*ratios, f"{cpu_ms / own_ms:.1f}×"])
    cells = [f"{value:.2f}" for value in (cpu_ms, *quantiles)]
    return [way.name, *cells, "" if way is hub else told]


# --- the hub --------------------------------------------------------------------------------------


@contextmanager
def _hub(root: Path, fields: Sequence[dict[str, object]]) -> Iterator[Way]:
    port = free_port()
    folder = root / "hub"
    token = _make_hub(folder, port, _bundle(root))
    command = [sys.executable, "-m", "benchmarks.lead_serving", "--serve", str(folder)]
    with _running(command, port, root / "hub.log") as process:
        bodies = [json.dumps({"lead": {"fields": one}}).encode() for one in fields]
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        yield Way(HUB, port, "/v1/leads/score", headers, bodies, process)


def _bundle(root: Path) -> bytes:
    """Trained and packed by the commands a user types."""
    generate(root / "demo", 0)
    programs, place = Programs(root / "logs"), str(root / "project")
    data = str(root / "demo" / "contacts")
    programs.text("kit", "new", "lead-scoring", place, "--defaults", "--data", data)
    programs.json("kit", "train", "-C", place, "--json", "--set", "model.approach=mean")
    made = programs.json("kit", "compile", "-C", place, "--precision", "fp32", "--json")
    return Path(str(made["path"])).read_bytes()


def _make_hub(folder: Path, port: int, bundle: bytes) -> str:
    """A hub whose only release is this bundle; a token that may ask as often as it likes."""
    settings = {
        "listen": {"host": "127.0.0.1", "port": port, "tls": False},
        "leads": {"requests_per_min": 10_000_000, "leads_per_day": 10**9},
    }  # fmt: skip
    config = parse(settings, folder)
    SigningKey.create(config.keys_dir / "hub.pem")
    (folder / "hub.yaml").write_text(dump(config))
    hub = Hub.open(load(folder))
    migrate(hub.database)
    digest = hub.storage.put(bundle)
    with hub.database.transaction() as session:
        session.add(Blob(digest=digest, size=len(bundle)))
    row = publish(hub, PublishRequest(bundle=bundle_id(bundle), blob=digest), login="benchmark")
    with hub.database.transaction() as session:
        # as a signed release leaves the tables; signing is not what is measured
        known = session.get_one(Bundle, row.id)
        known.champion = True
        release = target_path(row.project, 1)
        session.add(Release(target=release, project=row.project, release=1, bundle=row.id))
        create_person(session, "crm", "", "viewer", by="benchmark")
        secret = issue_token(session, "crm", "benchmark", by="benchmark")[1]
    hub.close()
    return secret


def _serve(folder: Path) -> None:
    """The hub's web server as it serves; no broker and no loops, which would be idle."""
    config = load(folder)
    app = create_app(config)
    app.router.lifespan_context = _nothing_else
    WebServer(app, config, app.state.hub.authority).run()


@asynccontextmanager
async def _nothing_else(_app: object) -> AsyncIterator[None]:
    """A lifespan in which nothing lives."""
    yield


# --- the others -----------------------------------------------------------------------------------


@contextmanager
def _others(
    root: Path, python: str, fields: Sequence[dict[str, object]], reasons: bool
) -> Iterator[list[Way]]:
    if not python:
        yield []
        return
    past = root / "past.jsonl"
    with past.open("w") as file:
        for lead in make_leads(0, 2400):
            told = {"fields": dict(lead.fields), "won": int(lead.outcome == "won")}
            file.write(json.dumps(told) + "\n")
    bin_dir = Path(python).parent
    _call(python, "-c", _MLFLOW.replace("REASONS", str(reasons)), str(past), str(root / "model"))
    service = root / "service.py"
    _call(
        python,
        "-c",
        _BENTO.replace("REASONS", str(reasons)),
        str(past),
        str(root / "model.joblib"),
        str(service),
    )
    one, two = free_port(), free_port()
    json_type = {"content-type": "application/json"}
    columns = list(dict.fromkeys(name for lead in fields for name in lead))
    texts = {n for lead in fields for n, v in lead.items() if isinstance(v, str)}
    rows = [[_cell(lead.get(n), n in texts) for n in columns] for lead in fields]
    split = [
        json.dumps({"dataframe_split": {"columns": columns, "data": [row]}}).encode()
        for row in rows
    ]
    plain = [json.dumps({"fields": dict(zip(columns, row))}).encode() for row in rows]
    mlflow = [
        str(bin_dir / "mlflow"), "models", "serve", "-m", str(root / "model"), "-p", str(one),
        "--env-manager", "local", "-h", "127.0.0.1", "-w", "1",
    ]  # fmt: skip
    bento = [str(bin_dir / "bentoml"), "serve", "service:Leads", "-p", str(two)]
    with (
        _running(mlflow, one, root / "mlflow.log") as first,
        _running(bento, two, root / "bento.log", cwd=root) as second,
    ):
        what = "each column's share" if reasons else "probability"
        yield [
            Way(f"mlflow models serve: {what}", one, "/invocations", json_type, split, first),
            Way(f"BentoML: {what}", two, "/score", json_type, plain, second),
        ]


def _cell(value: object, text: bool) -> object:
    if text:
        return "" if value is None else str(value)
    return None if value is None else float(str(value).replace("True", "1").replace("False", "0"))


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-3000:])


@contextmanager
def _running(
    command: Sequence[str], port: int, log: Path, cwd: Path | None = None
) -> Iterator[int]:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=file, cwd=cwd or Path.cwd(),
            start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + _UP_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{command[0]} does not come up: {log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield process.pid
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
