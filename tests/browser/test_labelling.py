"""The labelling page in a real browser: by keyboard, with hostile text, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.page.conversation import Conversation
from kits.toolchain.labelling.page.server import PageServer
from kits.toolchain.project import Project
from tests.browser.conftest import contexts
from tests.toolchain.notes import make_notes_project, notes_kit

__all__ = ["notes_kit"]
pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>\n</div><script>alert(2)</script> pay me {{ 7*7 }}"


@pytest.fixture
def desk(notes_kit: Path, tmp_path: Path) -> Desk:
    return Desk(make_notes_project(tmp_path / "letterbox", 30), "ada")


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., object]]:
    """Opens a page of a server; script errors and refusals by the policy fail the test."""
    complaints: list[str] = []
    with contexts(browser) as new_context:

        def opened(server: PageServer, width: int = 1200, scheme: str = "light") -> object:
            page = new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme
            ).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
            page.goto(server.address)
            page.wait_for_selector("[data-work]:not([hidden])")
            return page

        yield opened
    assert complaints == []


def serving(desk: Desk, per_round: int = 4) -> PageServer:
    return PageServer(Conversation(lambda: desk.sit(per_round), desk.finish))


def at(page: object, number: int, total: int = 4) -> None:
    page.locator("[data-progress]", has_text=f"{number} of {total}").wait_for()  # type: ignore[attr-defined]


def test_a_round_is_done_without_the_mouse(desk: Desk, visit: Callable[..., object]) -> None:
    with serving(desk) as server:
        page = visit(server)
        at(page, 1)
        page.keyboard.press("n")
        page.keyboard.type("parcel")
        page.keyboard.press("Enter")
        at(page, 2)
        page.keyboard.press("/")
        page.keyboard.type("refund")
        page.keyboard.press("Enter")
        at(page, 3)
        page.keyboard.press("u")
        at(page, 2)
        page.keyboard.press("m")
        page.keyboard.press("1")
        page.keyboard.press("2")
        page.locator("[data-picked]", has_text="parcel, refund").wait_for()
        assert page.is_hidden("[data-do=accept]"), "one key, one meaning"
        page.keyboard.press("Enter")
        at(page, 3)
        page.keyboard.press("o")
        at(page, 4)
        page.keyboard.press("1")
        page.wait_for_selector("[data-end]:not([hidden])")
        assert "4 of 30 notes are labelled" in page.inner_text("[data-line]")
        assert "points of accuracy" in page.inner_text("[data-rows]")
        assert page.locator("meter").count() == 2
        page.keyboard.press("Enter")
        at(page, 1)
    stated = desk.journal.standing().stated
    assert sorted(a.label for a in stated.values()) == ["oos", "parcel", "parcel", "parcel|refund"]


def test_leaving_keeps_what_was_said_and_ends_the_program(
    desk: Desk, visit: Callable[..., object]
) -> None:
    conversation = Conversation(lambda: desk.sit(4), desk.finish)
    with PageServer(conversation) as server:
        page = visit(server)
        page.fill("[data-search]", "parcel")
        page.click("[data-labels] button")
        at(page, 2)
        page.click("[data-do=finish]")
        page.wait_for_selector("[data-end]:not([hidden])")
        page.keyboard.press("q")
        page.wait_for_selector("[data-bye]:not([hidden])")
        assert conversation.done.wait(5)
    assert Project.open(desk.project.root).dataset().header.labels == ("parcel",)


def test_a_hostile_sample_is_text_and_nothing_else(
    notes_kit: Path, tmp_path: Path, visit: Callable[..., object]
) -> None:
    root = tmp_path / "p"
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "a.txt").write_text(f"<b>Bold</b> &amp; brave\n{HOSTILE}")
    (root / "kit.yaml").write_text("kit: notes\nname: p\n")
    project = Project.open(root)
    import_data(project, root / "notes", ImportOptions())
    with serving(Desk(project, "ada"), 1) as server:
        page = visit(server)
        assert page.inner_text("[data-title]") == "<b>Bold</b> &amp; brave"
        assert page.inner_text("[data-text]") == HOSTILE
        page.fill("[data-search]", "<i>x</i>")
        assert "New label: <i>x</i>" in page.inner_text("[data-labels]")


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_window(
    desk: Desk, visit: Callable[..., object], width: int
) -> None:
    with serving(desk) as server:
        page = visit(server, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.press("q")
        page.wait_for_selector("[data-end]:not([hidden])")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
