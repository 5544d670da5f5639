"""The dashboard of twelve years in every size: pictures to look at, and how fast it is.

    python -m trials.page [--years 2015-2026] [--folder FOLDER]

Each view is drawn at three widths in light and dark, and printed; axe-core and the width are held
against each. First paint and the slowest click are measured in the local Chromium.
"""

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browsing import AXE, CHROMIUM, opened
from tests.support.dashboard import page_of
from tests.support.project import Project

WIDTHS = (1280, 768, 390)
VIEWS = (
    *("{year}", "all", "{year}/types", "all/types", "{year}/times", "all/times", "{year}/wait"),
    *("{year}/backlog", "all/backlog", "{year}/places", "all/places", "{year}/data"),
    *("{year}/type/pothole", "all/type/pothole", "{year}/channel/open311"),
    "{year}/category/streets",
)
PAINT = """() => new Promise((done) => {
    const painted = (list) => list.getEntriesByName('first-contentful-paint').forEach(
        (entry) => done(entry.startTime));
    new PerformanceObserver(painted).observe({ type: 'paint', buffered: true });
})"""
CLICK = """address => new Promise((done) => {
    const start = performance.now();
    addEventListener('hashchange', () => {
        const drawn = performance.now() - start;
        requestAnimationFrame(() => setTimeout(() => done([drawn, performance.now() - start])));
    }, { once: true });
    location.hash = address;
})"""


def addresses(page: Page) -> list[str]:
    year = page.locator("#year").input_value()
    page.goto(page.url.split("#")[0] + f"#{year}/places")
    places = [page.locator(f"#{part}-table tbody th a").first for part in ("map", "wards")]
    found = [str(link.get_attribute("href"))[1:] for link in places if link.count()]
    return [view.format(year=year) for view in VIEWS] + found


def pictures(browser: Browser, file: Path, folder: Path) -> list[str]:
    """Draw every view; what is wrong with them."""
    complaints = []
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            options: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            with opened(browser, file, script=AXE if AXE.exists() else None, **options) as page:
                for address in addresses(page):
                    page.evaluate(CLICK, f"#{address}")
                    name = f"{address.replace('/', '-')}-{width}-{scheme}"
                    page.screenshot(path=folder / f"{name}.png", full_page=True)
                    if page.evaluate("document.documentElement.scrollWidth") > width:
                        complaints.append(f"{name}: wider than the screen")
                    if AXE.exists():
                        found = page.evaluate("axe.run().then(({ violations }) => violations)")
                        complaints += [f"{name}: {rule['id']} ({rule['impact']})" for rule in found]
                    if width == WIDTHS[0] and scheme == "light":
                        page.pdf(path=folder / f"{address.replace('/', '-')}.pdf", format="Letter")
    return complaints


def speed(browser: Browser, file: Path) -> str:
    """First paint, and the slowest of the clicks that lead to each view."""
    with opened(browser, file) as page:
        paint = page.evaluate(PAINT)
        loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        slowest = sorted(
            ((*page.evaluate(CLICK, f"#{address}"), address) for address in addresses(page)),
            reverse=True,
        )
    clicks = ", ".join(
        f"{name} {drawn:.0f} ms ({shown:.0f} with layout)" for drawn, shown, name in slowest[:4]
    )
    size = file.stat().st_size / 1e6
    return f"{size:.2f} MB, first paint {paint:.0f} ms, loaded {loaded:.0f} ms; slowest: {clicks}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", default="2015-2026")
    parser.add_argument("--folder", type=Path, help="of a project whose demo has run already")
    arguments = parser.parse_args()
    if not CHROMIUM:
        sys.exit("This needs Chromium: apt-get install chromium.")
    out = Path(mkdtemp(prefix="dashboard-"))
    if arguments.folder:
        project = Project.at(arguments.folder)
    else:
        project = Project(out / "project")
        project.ran(f"years={arguments.years}", env="demo")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        sys.stdout.write(speed(browser, page_of(project)) + "\n")
        complaints = pictures(browser, page_of(project), out)
        browser.close()
    sys.stdout.write(("\n".join(complaints) or "Nothing to complain about.") + "\n")
    sys.stdout.write(f"Pictures: {out}\n")
    if arguments.folder is None:
        shutil.rmtree(project.folder)
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
