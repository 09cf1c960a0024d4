"""A hub without room on its disk takes no message it cannot keep: 503, and the CRM sends it again; then all goes on by itself."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path

import pytest

from tests.cloud_sync.crm.builders import WAYS, hubspot_event
from tests.cloud_sync.crm.lead_builders import SALES
from tests.failure.conftest import Record
from tests.failure.crm_lives import Lives, Plan
from tests.small_disks import MakeDisk, fill

pytestmark = pytest.mark.slow


class FullDisk(Lives):
    """The disk is full while leads change.

    Attributes:
        answers: status and `Retry-After` of messages of our own while it was.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        super().__init__(folder, plan)
        self.answers: list[tuple[int, str]] = []

    def _play(self) -> None:
        for held in self._simulator.make(self._plan.leads):
            self._changes[held.object_id] = 1
        sender = self._simulator.sender
        assert sender is not None and sender.queue.drained(60)
        filler = fill(self._folder)
        self._use_up()
        for number in range(self._plan.changes - 1):
            for held in list(self._simulator.records):
                self._step(held)
            self._send(number)
            fill(self._folder)
            time.sleep(0.5)
        assert self._process is not None and self._process.is_alive()
        filler.unlink()

    def _use_up(self) -> None:
        """Files of the database have room of their own, in which messages can be kept for a while."""
        for number in range(1_000_000, 1_000_500):
            if self._send(number) == 503:
                return
        pytest.fail("the hub keeps messages although its disk is full")

    def _send(self, number: int) -> int:
        """A message of our own, signed as HubSpot does; how it was answered."""
        path = f"/v1/crm/{SALES}"
        lead = int(next(iter(self._simulator.records)).object_id)
        body = json.dumps([hubspot_event(10_000_000 + number, lead)]).encode()
        [secret] = self._simulator.secrets.webhook
        url = f"http://127.0.0.1:{self._port}{path}"
        headers = WAYS["hubspot-v3"].headers(secret, "POST", url, body, time.time())
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            self.answers.append((answer.status, answer.headers.get("retry-after", "")))
            return answer.status
        finally:
            connection.close()


def test_a_hub_whose_disk_is_full_while_leads_change(make_disk: MakeDisk, record: Record) -> None:
    lives = FullDisk(make_disk(24), Plan(leads=60, changes=5, copies=2, kills=0))
    outcome = lives.run()
    answered = [status for status, _again in lives.answers]
    kept = answered.count(200)
    figures = {**outcome.figures(), "lost": outcome.lost + kept}
    record({**figures, "kept while full": kept, "refused": answered.count(503)})
    assert 503 in answered and set(answered) <= {200, 503}
    assert all(again.isdigit() for status, again in lives.answers if status == 503)
    # ours are none of the CRM's: all that were said to be taken are there besides, and nothing else is
    assert outcome.lost == -kept, outcome.words()
    assert outcome.bad == outcome.lost, outcome.words()
