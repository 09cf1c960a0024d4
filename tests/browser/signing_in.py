"""Signing in, also again beside a page whose session has ended."""

from __future__ import annotations

from typing import Any

from tests.browser import seed


def sign_in(page: Any, login: str) -> None:  # Any: playwright may not be installed
    """Fills in the form for signing in and waits for the page behind it; the form is one with a heading, too."""
    page.fill("[name=login]", login)
    page.fill("[name=password]", seed.PASSWORD)
    with page.expect_navigation(url=lambda url: "/login" not in url):
        page.click("button.primary")


def sign_in_beside(page: Any, link: Any, login: str) -> None:
    """Follows a link to the form for signing in, which opens in another tab, and signs in there."""
    with page.context.expect_page() as opened:
        link.click()
    sign_in(opened.value, login)
