"""Run every notebook on the sample sky and keep its outputs: `make notebooks`.

Outputs are committed, and the tests compare them. Widgets show their static twins, so
that rows and figures are compared and can be read without a kernel. Timings, the
machine's kernel description, BokehJS's code and the outputs of cells tagged
`nbval-ignore-output` are not kept.
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_SECONDS = 300
# BokehJS within the page of a static figure; the comment is how the tests recognise it.
LIBRARY = re.compile(r"/\* BEGIN bokeh.*?(?=&lt;/script&gt;)", re.DOTALL)
NOTICE = "/* BEGIN bokeh: not committed */ document.write('Run the notebook to draw the figure.');"


def execute(path: Path) -> None:
    """Run one notebook in place."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=50"],
        store_widget_state=False,
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
        for output in cell.get("outputs", []):
            without_library(output.get("data", {}))
    nbformat.write(notebook, path)
    print(path.name)  # noqa: T201 - a script's progress


def without_library(data: dict[str, Any]) -> None:
    """Replace BokehJS by a notice in the page of a static figure: it is a megabyte."""
    if "text/html" in data:
        data["text/html"] = LIBRARY.sub(NOTICE, data["text/html"])


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, on a platform that is empty at first."""
    from orbital_kernel import (  # noqa: PLC0415 - after the arguments are read
        embedded,
        reports,
    )

    os.environ[reports.STATIC_VARIABLE] = "1"
    paths = [FOLDER / name for name in names] or [
        path
        for path in sorted(FOLDER.rglob("[0-9]*.ipynb"))
        if path.parent.name != ".ipynb_checkpoints"  # JupyterLab's copies
    ]
    with tempfile.TemporaryDirectory() as home:
        os.environ["ORBITAL_HOME"] = home
        try:
            for path in paths:
                execute(path)
        finally:
            embedded.stop(Path(home))


if __name__ == "__main__":
    main(sys.argv[1:])
