"""A hub whose ingest is two worker processes beside a server that takes nothing itself."""

from __future__ import annotations

import json
import random
from pathlib import Path

import psycopg

from tests.forked_programs import Running
from tests.integration.hub import HubProcess

WORKERS = 2


class WorkersHub(HubProcess):
    """`kill` ends one of the workers, `serve` brings back what is missing.

    Args:
        database_url: SQLAlchemy URL of a PostgreSQL database; empty: SQLite.
        draw: chooses the worker to kill.
    """

    def __init__(self, folder: Path, draw: random.Random, database_url: str = "") -> None:
        super().__init__(folder, "mosquitto", database_url=database_url)
        self._database_url = database_url
        self._draw = draw
        self.workers: list[Running] = []

    def serve(self, *, wait: bool = True) -> None:
        data = ("--data", str(self.data))
        if self.process is None or self.process.poll() is not None:
            self.process = self.programs.start("cloud-sync", "serve", "--no-ingest", *data)
            wait = True
        process = self.process
        if wait:
            self.api.wait_until_up(lambda: process.poll() is None)
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < WORKERS:
            worker = self.programs.start("cloud-sync", "worker", "--ingest", "--no-jobs", *data)
            self.workers.append(worker)

    def kill(self) -> None:
        worker = self._draw.choice(self.workers)
        worker.kill()
        worker.wait()

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        if not self._database_url:
            return super().query(sql, values)
        name, _, socket = self._database_url.partition("@/")[2].partition("?host=")
        with psycopg.connect(host=socket, user="kitwright", dbname=name) as connection:
            rows = connection.execute(sql.replace("?", "%s"), values).fetchall()
        return [
            tuple(json.dumps(cell) if isinstance(cell, dict) else cell for cell in row)
            for row in rows
        ]
