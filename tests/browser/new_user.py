"""The lab tried as a new user: from `orbital lab` to a saved report, by clicking alone.

    python tests/browser/new_user.py

writes docs/images/*.png and the figures in README.md between the marks `new user`. Clicks
and seconds are counted from the page that the user sees first; a double click counts as two.
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from installed_chromium import LOOPBACK, SIZE, started
from lab import READY_MS
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SEEN_MS = 240_000
BURST = "GRB 120102S"
FIRST, SECOND = "01_start_here.ipynb", "04_monitor_bursts.ipynb"
PICTURES = ROOT / "docs" / "images"
MARKS = re.compile(r"<!-- new user -->.*<!-- /new user -->", re.DOTALL)


@dataclass
class Visit:
    """What a new user has done: clicks and seconds at each thing seen."""

    page: Any
    pictures: bool = False
    clicks: int = 0
    start: float = field(default_factory=time.monotonic)
    seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    saved: str = ""

    def click(self, target: Any, *, times: int = 1) -> None:
        """Click once, or twice for what opens by a double click."""
        target.wait_for(timeout=SEEN_MS)
        target.click(click_count=times)
        self.clicks += times

    def note(self, name: str, part: Any = None) -> None:
        """Note that a thing is seen; with pictures keep one of the part, or of the page."""
        self.seen[name] = (self.clicks, time.monotonic() - self.start)
        if self.pictures:
            if part is not None:
                part.scroll_into_view_if_needed()
            self.page.wait_for_timeout(1000)  # figures are painted after their arrival
            target = self.page if part is None else part
            PICTURES.mkdir(parents=True, exist_ok=True)
            path = PICTURES / f"{name.replace(' ', '_')}.png"
            target.screenshot(path=path)
            smaller(path)


def smaller(path: Path) -> None:
    """Keep a picture in 128 colours, at a third of its size."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def visit(page: Any, address: str, *, pictures: bool = False) -> Visit:
    """Open the lab's address; see a real burst, find one, follow it up, save its report."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=READY_MS)
    user = Visit(page, pictures)
    _idle(page)
    _run(user)
    figure = page.locator(".jp-OutputArea .bk-Figure").first
    figure.wait_for(timeout=SEEN_MS)
    user.note("first figure")
    user.click(page.locator(".jp-DirListing-itemText", has_text=SECOND), times=2)
    tab = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    tab.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=READY_MS)
    _idle(page)
    _run(user)
    _watch(user, tab.locator(".orbital-bursts"))
    _report(user, tab.locator(".orbital-bursts"))
    return user


def _run(user: Visit) -> None:
    """Run all cells by the toolbar's button and the dialog that it opens."""
    tab = user.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    restart = tab.locator("[data-command='notebook:restart-run-all']")
    user.click(restart.or_(tab.get_by_title(re.compile("run all cells"))).first)
    user.click(user.page.locator(".jp-Dialog .jp-mod-accept"))


def _idle(page: Any) -> None:
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext"
        "?.session?.kernel?.status === 'idle'",
        timeout=READY_MS,
    )


def _watch(user: Visit, monitor: Any) -> None:
    """Select the burst in the monitor, and follow it up."""
    option = monitor.locator("option", has_text=BURST).first
    option.wait_for(state="attached", timeout=SEEN_MS)
    menu = monitor.get_by_label("Selected")
    menu.scroll_into_view_if_needed()
    option.click()
    user.clicks += 1
    monitor.locator(".bk-Figure").first.wait_for(timeout=SEEN_MS)
    user.note("burst found", monitor)
    user.click(monitor.get_by_role("button", name="Follow up"))
    monitor.get_by_text("Follow-up of RA").wait_for(timeout=SEEN_MS)
    user.note("follow-up")


def _report(user: Visit, part: Any) -> None:
    """See the light curve, and save the report."""
    user.click(part.get_by_role("button", name="Light curve"))
    curve = part.locator(".orbital-burst-curve")
    curve.locator(".bk-Figure").first.wait_for(timeout=SEEN_MS)
    user.note("light curve", curve)
    user.click(part.get_by_role("button", name="Report", exact=True))
    link = part.get_by_text("Save the report")
    link.wait_for(timeout=SEEN_MS)
    with user.page.expect_download(timeout=SEEN_MS) as download:
        user.click(link)
    user.saved = Path(download.value.path()).read_text(encoding="utf-8")
    user.note("report saved")


def table(user: Visit) -> str:
    """Return what README shows of a visit."""
    lines = ["| seen | clicks | seconds |", "| --- | --- | --- |"]
    lines += [f"| {n} | {clicks} | {s:.0f} |" for n, (clicks, s) in user.seen.items()]
    return "\n".join(lines)


def main() -> None:
    """Make the pictures and write the figures of README.md."""
    from test_first_start import served  # noqa: PLC0415 - which imports `visit`

    with served() as server, started() as browser:
        context = browser.new_context(viewport=SIZE, accept_downloads=True)
        context.route(lambda url: not url.startswith(LOOPBACK), lambda r: r.abort())
        address = f"{server.url}/?token={server.token}"
        user = visit(context.new_page(), address, pictures=True)
    readme = ROOT / "README.md"
    text = f"<!-- new user -->\n{table(user)}\n<!-- /new user -->"
    readme.write_text(MARKS.sub(lambda _: text, readme.read_text()))
    print(table(user))  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
