"""Pictures of the guide's tour: each widget in a real JupyterLab, and a report's page.

    python tests/browser/guide_pictures.py

writes docs/images/*.png, on the sample sky.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from installed_chromium import LOOPBACK, SIZE, started
from lab import Lab, open_notebook, run_all
from new_user import PICTURES, SEEN_MS, smaller

from orbital_kernel import config, connect, embedded, reports

SETUP = (
    "import orbital_widgets\nfrom orbital_kernel import connect\norbital = connect()"
)
WIDGETS = {
    "explorer": (
        "orbital_widgets.Explorer(orbital.query, orbital.objects.position, table='sources')",
        ".orbital-explorer",
    ),
    "light_curve_explorer": (
        "orbital_widgets.LightCurveExplorer(orbital, 'GRB 120102S', panels=('ratio',))",
        ".orbital-light-curve",
    ),
    "storage_dashboard": ("orbital_widgets.StorageDashboard(orbital)", None),
    "quality_board": ("orbital_widgets.QualityBoard(orbital)", None),
}
REPORT = "demonstration"
HIGHEST_PX = 900


def notebook(folder: Path, name: str, code: str) -> None:
    """Write a notebook with one widget."""
    cells = [SETUP, "orbital_widgets.setup()", code]
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(document, folder / f"{name}.ipynb")


def keep(part: Any, name: str) -> None:
    """Keep a picture of the top of a part, once what it draws has come."""
    part.wait_for(timeout=SEEN_MS)
    part.locator("canvas:visible, table:visible").first.wait_for(timeout=SEEN_MS)
    part.page.wait_for_timeout(5000)  # answers of a widget come one after the other
    part.evaluate("part => part.scrollIntoView({block: 'start'})")
    box = part.bounding_box()
    path = PICTURES / f"{name}.png"
    size = {"width": box["width"], "height": min(box["height"], HIGHEST_PX)}
    part.page.screenshot(path=path, clip={"x": box["x"], "y": box["y"], **size})
    smaller(path)


def main() -> None:
    """Make every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as box:
        home, notebooks = Path(box, "platform"), Path(box, "notebooks")
        notebooks.mkdir()
        os.environ[config.HOME_VARIABLE] = str(home)  # for the report's kernel
        orbital = connect(home)
        try:
            orbital.prepare()
            orbital.quality.run("swift", "chandra")
            for name, (code, _) in WIDGETS.items():
                notebook(notebooks, name, code)
            lab = Lab(notebooks, Path(box), {"ORBITAL_HOME": str(home)}).start()
            try:
                with started() as browser:
                    context = browser.new_context(viewport=SIZE)
                    context.route(
                        lambda url: not url.startswith((*LOOPBACK, "file:")),
                        lambda route: route.abort(),
                    )
                    page = context.new_page()
                    for name, (_, mark) in WIDGETS.items():
                        open_notebook(page, lab, f"{name}.ipynb")
                        run_all(page)
                        last = page.locator(".jp-OutputArea-output").last
                        keep(last if mark is None else page.locator(mark).first, name)
                    written = reports.run(reports.find(REPORT), Path(box, "out"))
                    page.goto(written.as_uri())
                    keep(page.locator("main"), REPORT)
            finally:
                lab.stop()
        finally:
            embedded.stop(home)


if __name__ == "__main__":
    main()
