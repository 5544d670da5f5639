"""Draw docs/dashboard.png from the dashboard of the last `make demo`, with the local Chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "data" / "demo" / "08_reporting" / "dashboard.html"


def main() -> None:
    """Take the picture."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium or not PAGE.exists():
        sys.exit("This needs Chromium (apt-get install chromium) and a demo run (make demo).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 1180})
        page.goto(PAGE.as_uri())
        page.screenshot(path=ROOT / "docs" / "dashboard.png")
        browser.close()


if __name__ == "__main__":
    main()
