"""HubSpot's API has its version in each path: a date, or v3 as before; all that the hub does goes by the one that is set."""

from __future__ import annotations

import pytest

from cloud_sync.crm.connection.adding import checked
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.simulator import Simulator, serve
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import LOOPBACK, score

DATED = ("/crm/objects/2026-09/", "/crm/properties/2026-09/", "/account-info/2026-09/")


def crm_of(simulator: Simulator, url: str, **options: str) -> Crm:
    settings = CrmSettings(
        kind="hubspot", url=url, allow=LOOPBACK, rate_per_10s=5000, options=options
    )
    return open_crm(Access("sales", settings, simulator.secrets.api))


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({}, DATED),
        ({"version": "2026-03"}, tuple(path.replace("2026-09", "2026-03") for path in DATED)),
        ({"version": "v3"}, ("/crm/v3/objects/", "/crm/v3/properties/", "/account-info/v3/")),
    ],
)
def test_all_that_is_asked_goes_by_the_version_that_is_set(
    options: dict[str, str], paths: tuple[str, ...]
) -> None:
    simulator = Simulator("hubspot", seed=1, limit=0)
    first, second = (held.object_id for held in simulator.make(2, quiet=True))
    with serve(simulator) as url:
        crm = crm_of(simulator, url, events="poll", **options)
        assert [check for check in crm.make_fields() if not check.ok] == []
        assert {record.object_id for record in crm.read([first, second])} == {first, second}
        assert [outcome.ok for outcome in crm.write([score(first), score(second, 5)])] == [True] * 2
        assert [one.object_id for one in crm.listed("", None).records] == [second, first]
        assert crm.changed_since(crm.changed_since("").cursor).events == ()
        assert [check for check in crm.check() if not check.ok] == []
    asked = {line.split()[1] for line in simulator.troubles.requests}
    assert {path for path in paths if any(one.startswith(path) for one in asked)} == {*paths}
    assert [one for one in asked if not one.startswith(paths)] == []


@pytest.mark.parametrize(
    "version", ["v4", "3", "2026-13", "2026-9", "2026-09-beta", "2026-09/x", ""]
)
def test_what_is_no_version_is_refused_when_it_is_said(version: str) -> None:
    with pytest.raises(ConfigError, match="version may not be") as caught:
        checked({"kind": "hubspot", "options": {"version": version}}, "here")
    assert "YYYY-MM" in caught.value.fix and "v3" in caught.value.fix


def test_a_version_that_has_ended_is_said_with_the_one_that_has_not() -> None:
    simulator = Simulator("hubspot", seed=1, limit=0)
    with serve(simulator) as url:
        [check] = crm_of(simulator, url, version="2025-09").check()
    assert not check.ok and "404" in check.found
    assert "2025-09" in check.fix and "crm set sales options.version=2026-09" in check.fix


def test_a_token_is_blamed_only_for_what_a_token_can_do() -> None:
    simulator = Simulator("hubspot", seed=1, limit=0)
    with serve(simulator) as url:
        settings = CrmSettings(kind="hubspot", url=url, allow=LOOPBACK)
        [check] = open_crm(Access("sales", settings, {"token": "nobody"})).check()
    assert not check.ok and "service key" in check.fix
