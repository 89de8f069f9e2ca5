"""The explorer as someone sitting before it sees and touches it."""

import re
from typing import Any

from playwright.sync_api import expect

from orbital_kernel.plots.equal_area import Field, Hammer

SEEN_MS = 20_000
DOUBLE_CLICK_MS = 500  # a press sooner after a click is half of a double click
FIND = "[...Bokeh.index.roots].find(v => v.el.isConnected && v.model.renderers && v.el.closest(%r))"


class ExplorerPage:
    """One explorer on a page: its inputs by name, its rows, its figures."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.page.locator(".orbital-plot canvas").first.wait_for(timeout=SEEN_MS)

    def type(self, trait: str, text: str) -> None:
        """Type into the input of a trait and leave it."""
        entry = self._entry(trait)
        entry.fill(text)
        entry.press("Enter")
        entry.blur()

    def value(self, trait: str) -> str:
        """Return what the input of a trait shows."""
        return str(self._entry(trait).input_value())

    def wait_value(self, trait: str, text: str | re.Pattern[str]) -> None:
        """Wait until the input of a trait shows the text, or one like it."""
        expect(self._entry(trait)).to_have_value(text, timeout=SEEN_MS)

    def choose(self, trait: str, option: str) -> None:
        """Choose from the menu of a trait."""
        self.page.locator(f".orbital-{trait} select").select_option(option)

    def press(self, name: str) -> None:
        """Press the button of that name."""
        button = re.compile(rf"(^|\s){re.escape(name)}$")
        self.page.locator(".orbital-explorer").get_by_role(
            "button", name=button
        ).first.click()

    def wait_rows(self, count: int) -> None:
        """Wait until the table reports so many rows and the plot draws them or fewer."""
        label = self.page.locator(".orbital-rows").get_by_text(
            re.compile(rf"\b{count:,} rows")
        )
        label.wait_for(timeout=SEEN_MS)

    def wait_points(self, count: int) -> None:
        """Wait until the plot, as drawn by the browser, has so many points."""
        self.page.wait_for_function(
            f"n => {self._view('.orbital-plot')}"
            "?.model.renderers[0].data_source.get_length() === n",
            arg=count,
            timeout=SEEN_MS,
        )

    def settle(self) -> None:
        """Wait until nothing is asked and the kernel has nothing to do."""
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session"
            ".kernel.status === 'idle'"
            " && !document.querySelector('.orbital-status').innerText.includes('querying')",
            timeout=SEEN_MS,
        )

    def wait_status(self, words: str) -> None:
        """Wait until the line of status says the words."""
        status = self.page.locator(".orbital-status")
        status.get_by_text(re.compile(re.escape(words))).first.wait_for(timeout=SEEN_MS)

    def wait_gone(self, words: str) -> None:
        """Wait until the line of status no longer says the words."""
        status = self.page.locator(".orbital-status")
        expect(status).not_to_contain_text(words, timeout=SEEN_MS)
        expect(status).not_to_contain_text("querying", timeout=SEEN_MS)

    def wait_axis_label(self, label: str) -> None:
        """Wait until the y axis, as the browser draws it, has that label."""
        view = self._view(".orbital-plot")
        self.page.wait_for_function(
            f"label => {view}?.model.left[0].axis_label === label",
            arg=label,
            timeout=SEEN_MS,
        )

    def pixels(self, part: str) -> bytes:
        """Return a picture of a part of the explorer, to compare with a later one."""
        return bytes(self.page.locator(f".orbital-{part}").first.screenshot())

    def sky_pixel(self, ra: float, dec: float) -> tuple[float, float]:
        """Return where on the page a position of the sky is, the map in sight."""
        self.page.locator(".orbital-sky").scroll_into_view_if_needed()
        view = self._view(".orbital-sky")
        facts = self.page.evaluate(f"() => {view}.model.tags[0]")
        projection = (
            Hammer() if facts["kind"] == "hammer" else Field(facts["ra"], facts["dec"])
        )
        x, y = self.page.evaluate(
            f"([x, y]) => {{ const v = {view};"
            "  const box = v.canvas_view.el.getBoundingClientRect();"
            "  return [box.x + v.frame.x_scale.compute(x),"
            "          box.y + v.frame.y_scale.compute(y)] }",
            [float(value) for value in projection.forward(ra, dec)],
        )
        return float(x), float(y)

    def click_sky(self, ra: float, dec: float) -> None:
        """Click a position of the sky."""
        self.page.mouse.click(*self.sky_pixel(ra, dec))

    def drag(
        self, start: tuple[float, float], stop: tuple[float, float], steps: int = 5
    ) -> None:
        """Drag the mouse from one place of the page to another."""
        self.page.wait_for_timeout(DOUBLE_CLICK_MS)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*stop, steps=steps)
        self.page.mouse.up()

    def plot_corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return upper left corner and middle of the plot's frame on the page."""
        self.page.locator(".orbital-plot").scroll_into_view_if_needed()
        view = self._view(".orbital-plot")
        x, y, width, height = self.page.evaluate(
            f"() => {{ const v = {view};"
            "  const box = v.canvas_view.el.getBoundingClientRect(), f = v.frame.bbox;"
            "  return [box.x + f.left, box.y + f.top, f.width, f.height] }"
        )
        return (x + 2, y + 2), (x + width / 2, y + height / 2)

    def _entry(self, trait: str) -> Any:
        return self.page.locator(f".orbital-{trait} input")

    def _view(self, part: str) -> str:
        return FIND % part
