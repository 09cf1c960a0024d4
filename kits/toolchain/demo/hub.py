"""The few calls the demo makes to the hub, on the same API as pages and integrators use."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable

import urllib3
from pydantic import JsonValue

from kits.core.errors import KitwrightError, UnreachableError

Json = dict[str, JsonValue]


class HubApi:
    """A person's view of the hub over HTTP.

    Args:
        url: e.g. `http://127.0.0.1:8080`.
        token: an API token.
        tls: for a hub with its own authority; None: the system's authorities.
    """

    def __init__(self, url: str, token: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = url
        self._http = urllib3.PoolManager(
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=False,
            ssl_context=tls,
        )

    def wait_until_up(self, alive: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Waits for `/healthz`. Raises UnreachableError when the hub ended or stays silent."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and alive():
            try:
                if self._http.request("GET", f"{self.url}/healthz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.2)
        raise UnreachableError("the hub did not come up", where=self.url)

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request. Raises KitwrightError with the hub's own words when it refuses."""
        content = None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, f"{self.url}{path}", body=content)
        if answer.status >= 400:
            text = answer.data.decode(errors="replace")[:400]
            raise KitwrightError(f"the hub answered {answer.status}: {text}", where=path)
        return json.loads(answer.data) if answer.data else {}

    def samples(self, bundle: str = "", *, device: str = "") -> list[Json]:
        """All samples of a bundle or of a device, page by page."""
        found: list[Json] = []
        cursor = ""
        while True:
            asked = f"bundle={bundle}&device={device}&limit=200&before={cursor}"
            page = self.call("GET", f"/v1/samples?{asked}")
            rows = page["samples"]
            found += [s for s in rows if isinstance(s, dict)] if isinstance(rows, list) else []
            cursor = str(page.get("next") or "")
            if not cursor:
                return found

    def cases(self, device: str) -> list[Json]:
        """Alarms of the machines that a device watches; none where it watches no machine."""
        found = self.call("GET", f"/v1/cases?device={device}&limit=100")["cases"]
        return [case for case in found if isinstance(case, dict)] if isinstance(found, list) else []

    def review_queue(self, project: str) -> list[Json]:
        """Samples that wait for a person, the most useful first."""
        answer = self.call("GET", f"/v1/reviews/queue?project={project}&limit=100")
        samples = answer["samples"]
        return [s for s in samples if isinstance(s, dict)] if isinstance(samples, list) else []

    def review(self, sample_id: str, answer: Json) -> None:
        """One decision of a person."""
        self.call("POST", "/v1/reviews", {"sample_id": sample_id, **answer})

    def wait_for_job(self, job: JsonValue, timeout_s: float) -> Json:
        """The result of a job.

        Raises:
            KitwrightError: it failed.
            UnreachableError: it took longer than `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            state = self.call("GET", f"/v1/jobs/{job}")
            if state["state"] == "done":
                result = state["result"]
                return result if isinstance(result, dict) else {}
            if state["state"] == "failed":
                raise KitwrightError(f"job {job} failed:\n{state.get('log_tail', '')}")
            time.sleep(0.5)
        raise UnreachableError(f"job {job} did not finish within {timeout_s:.0f} s")

    def roll_out(self, bundle: str, device: str) -> Json:
        """Sends a released bundle to one device; returns the rollout."""
        return self.call("POST", "/v1/rollouts", {"bundle": bundle, "device": device})

    def wait_for_rollout(self, rollout: JsonValue, timeout_s: float) -> str:
        """The final state of a rollout's only deployment (`committed`, `failed`, …).

        Raises:
            UnreachableError: it has none after `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        state = "pending"
        while time.monotonic() < deadline:
            deployments = self.call("GET", f"/v1/rollouts/{rollout}")["deployments"]
            if isinstance(deployments, list) and deployments and isinstance(deployments[0], dict):
                state = str(deployments[0]["state"])
                if state in ("committed", "failed", "rolled_back"):
                    return state
            time.sleep(0.5)
        raise UnreachableError(f"the rollout is still {state} after {timeout_s:.0f} s")
