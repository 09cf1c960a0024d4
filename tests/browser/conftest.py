"""A served hub and tabs of a real browser for the page tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.app import create_app
from cloud_sync.config import load
from cloud_sync.crm.simulator.serving import serve_app
from cloud_sync.hub import Hub
from tests.browser import seed
from tests.browser.signing_in import sign_in
from tests.cloud_sync.conftest import real_hasher
from tests.cloud_sync.quick_tables import quick_tables
from tests.quick_disk import no_waiting_for_the_disk

__all__ = ["no_waiting_for_the_disk", "quick_tables", "real_hasher"]

CHROMIUM = next(
    (found for name in ("chromium-headless-shell", "chromium") if (found := shutil.which(name))), ""
)
"""The same browser twice; without windows it computes a third less."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's folder, made once; nobody writes into it."""
    folder = tmp_path_factory.mktemp("seeded")
    seed.make_hub(folder, samples=40).close()
    return folder


@pytest.fixture(scope="module")
def filled(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it for a module, which may put more into it before its first test; each test works on a copy."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(seeded, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def hub(filled: Path, tmp_path: Path) -> Iterator[Hub]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    made = Hub.open(load(tmp_path))
    yield made
    made.close()


@pytest.fixture
def address(hub: Hub) -> Iterator[str]:
    """The hub's pages on a free port of loopback; no broker, no jobs."""
    with serve_app(create_app(load(hub.config.data_dir))) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:  # Any: playwright may not be installed
    """One browser for all; each test opens contexts of its own, which share nothing."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as run:
        made = run.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@contextmanager
def contexts(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens contexts, as `Browser.new_context`; closes them at the end, so that all they had to say was said."""
    with ExitStack() as opened:

        def new(**options: object) -> Any:
            context = browser.new_context(**options)
            opened.callback(context.close)
            return context

        yield new


@pytest.fixture
def open_page(address: str, browser: Any) -> Iterator[Callable[[str, str], object]]:
    """Opens a signed-in tab: `open_page(login, path)`; a script error or a refusal by the
    content security policy fails the test at its end."""
    complaints: list[str] = []
    with contexts(browser) as new_context:

        def opened(login: str, path: str) -> object:
            page = new_context(viewport={"width": 1200, "height": 850}).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda m: (
                    complaints.append(m.text) if "Content Security Policy" in m.text else None
                ),
            )
            page.goto(f"{address}/login?next={path}")
            sign_in(page, login)  # its scripts answer from here on
            return page

        yield opened
    assert complaints == []
