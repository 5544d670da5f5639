"""Chromium on the dashboard."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.support.project import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"


@contextmanager
def opened(
    browser: Browser, file: Path, address: str = "", *, script: Path | None = None, **options: Any
) -> Iterator[Page]:
    """The page, opened; it must have asked for nothing else and complained about nothing."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    if script:
        context.add_init_script(path=script)
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri() + address)
    yield page
    assert complaints == []
    asked = [url for url in requests if not url.startswith(("data:", "blob:"))]
    assert asked == [file.as_uri()]
    context.close()


def go(page: Page, address: str) -> None:
    """Type another address, and let the browser lay out what it shows."""
    page.evaluate(
        """address => new Promise((done) => {
            const frame = () => requestAnimationFrame(() => setTimeout(done));
            addEventListener("hashchange", frame, { once: true });
            location.hash = address;
        })""",
        address,
    )


def cells(page: Page, part: str, column: str, row: str = "tr:not(.sub)") -> list[str]:
    """What is shown in a column of the table of a part, by its header."""
    table = page.locator(f"#{part}-table")
    expect(table).to_be_attached()
    at = table.locator("thead th").all_text_contents().index(column) + 1
    return table.locator(f"tbody {row} > :nth-child({at})").all_text_contents()
