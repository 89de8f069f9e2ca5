"""Run every notebook on the sample sky and keep its outputs: `make notebooks`.

Each starts with an empty platform. How long it ran and how much memory it and its platform
used at most is written into its first cell. Outputs are committed, and the tests compare them. Widgets show their static twins, so
that rows and figures are compared and can be read without a kernel. Timings, the
machine's kernel description, BokehJS's code and the outputs of cells tagged
`nbval-ignore-output` are not kept.
"""

import math
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from orbital_kernel import embedded, reports

FOLDER = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_SECONDS = 300
# BokehJS within the page of a static figure; the comment is how the tests recognise it.
LIBRARY = re.compile(r"/\* BEGIN bokeh.*?(?=&lt;/script&gt;)", re.DOTALL)
NOTICE = "/* BEGIN bokeh: not committed */ document.write('Run the notebook to draw the figure.');"
MEASURED = re.compile(r"\n*\*\*Measured\.\*\* .*\Z", re.DOTALL)


def execute(path: Path, home: Path) -> None:
    """Run one notebook in place, on the platform of a folder, and measure it."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    start, used = time.monotonic(), []
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=50"],
        store_widget_state=False,
        resources={"metadata": {"path": str(FOLDER)}},
        on_cell_executed=lambda **_: used.append(peak_mb(client, home)),
    )
    client.execute()
    state_cost(notebook.cells[0], time.monotonic() - start, used[-1])
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
        for output in cell.get("outputs", []):
            without_library(output.get("data", {}))
    nbformat.write(notebook, path)
    print(path.name)  # noqa: T201 - a script's progress


def peak_mb(client: NotebookClient, home: Path) -> float:
    """Return the largest memory that the kernel and its platform have used, MB."""
    pids = (client.km.provisioner.process.pid, embedded.status(home).pid)
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids if pid]
    return sum(int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) for text in texts) / 1000


def state_cost(opening: Any, seconds: float, megabytes: float) -> None:
    """Write into the opening cell what a run took, rounded up to 5 s and 50 MB."""
    opening.source = MEASURED.sub("", opening.source) + (
        f"\n\n**Measured.** {5 * math.ceil(seconds / 5)} s from an empty platform, and "
        f"{50 * math.ceil(megabytes / 50):,} MB of memory for the notebook and its platform "
        "(`make notebooks` writes these)."
    )


def without_library(data: dict[str, Any]) -> None:
    """Replace BokehJS by a notice in the page of a static figure: it is a megabyte."""
    if "text/html" in data:
        data["text/html"] = LIBRARY.sub(NOTICE, data["text/html"])


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, each on a platform that is empty at first."""
    os.environ[reports.STATIC_VARIABLE] = "1"
    paths = [FOLDER / name for name in names] or [
        path
        for path in sorted(FOLDER.rglob("[0-9]*.ipynb"))
        if path.parent.name != ".ipynb_checkpoints"  # JupyterLab's copies
    ]
    for path in paths:
        with tempfile.TemporaryDirectory() as home:
            os.environ["ORBITAL_HOME"] = home
            try:
                execute(path, Path(home))
            finally:
                embedded.stop(Path(home))


if __name__ == "__main__":
    main(sys.argv[1:])
