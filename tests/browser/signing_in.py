"""Signing in again beside a page whose session has ended."""

from __future__ import annotations

from typing import Any

from tests.browser import seed


def sign_in_beside(
    page: Any, link: Any, login: str
) -> None:  # Any: playwright may not be installed
    """Follows a link to the form for signing in, which opens in another tab, and signs in there."""
    with page.context.expect_page() as opened:
        link.click()
    other = opened.value
    other.fill("[name=login]", login)
    other.fill("[name=password]", seed.PASSWORD)
    other.click("button.primary")
    other.wait_for_selector("main#main h1")
