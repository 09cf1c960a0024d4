"""Fixtures of the inbox's tests: a hub, on the databases a test asks for, and the inbox of its messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.hub import Hub
from tests.cloud_sync.crm.inboxes import AT, opened_hub


@pytest.fixture
def hub(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    with opened_hub(tmp_path, request) as made:
        yield made


@pytest.fixture
def inbox(hub: Hub) -> Inbox:
    return Inbox(hub, now=lambda: AT)
