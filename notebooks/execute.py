"""Run every notebook anew on the sample sky and keep its outputs: `make notebooks`.

Outputs are committed, and the tests compare them. Timings, widget state and the
machine's own kernel description are left out, and so are the outputs of cells tagged
`nbval-ignore-output`, so that a run that changes nothing changes no file.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_SECONDS = 300


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
        resources={"metadata": {"path": str(HERE)}},
    ).execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
    nbformat.write(notebook, path)
    print(path.name)  # noqa: T201 - a script's progress


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, on a platform that is empty at first."""
    from orbital_kernel import embedded  # noqa: PLC0415 - after the arguments are read

    paths = [HERE / name for name in names] or [
        path
        for path in sorted(HERE.rglob("[0-9]*.ipynb"))
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
