"""JupyterLab on the tutorials: how it is started, and the line that starts it.

The settings in `jupyter/labconfig` are defaults of JupyterLab for this start only: what
people set themselves is in another file and goes before them.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orbital_kernel import config
from orbital_kernel.reports import NOTEBOOKS

FIRST = "01_start_here.ipynb"
SETTINGS = Path(__file__).resolve().parent / "jupyter"
CONFIG_PATH = "JUPYTER_CONFIG_PATH"


def command(options: Sequence[str] = ()) -> list[str]:
    """Return the command of a JupyterLab that opens the first tutorial.

    Parameters
    ----------
    options : sequence of str
        More options of JupyterLab; one that is also given here replaces it.
    """
    as_root = ("--allow-root",) if os.geteuid() == 0 else ()
    given = {option.partition("=")[0] for option in options}
    chosen = {
        "--ServerApp.root_dir": NOTEBOOKS,
        "--LabApp.default_url": f"/lab/tree/{FIRST}",
    }
    return [
        *(sys.executable, "-m", "jupyterlab", *as_root),
        *(f"{name}={value}" for name, value in chosen.items() if name not in given),
        *options,
    ]


def environment(before: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a JupyterLab whose kernels find a platform's folder."""
    paths = (before.get(CONFIG_PATH), str(SETTINGS))
    return {
        **before,
        config.HOME_VARIABLE: str(folder),
        CONFIG_PATH: os.pathsep.join(path for path in paths if path),
    }


def shell_line(folder: Path | None) -> str:
    """Return the line that opens JupyterLab on a folder's data, from any folder.

    Without a folder it opens on the cluster that the vendors' variables name.
    """
    data = () if folder is None else ("--data", str(folder))
    return shlex.join([*_orbital(), "lab", *data])


def _orbital() -> tuple[str, ...]:
    """Return how this program is called, with absolute paths."""
    script = Path(sys.argv[0]).absolute()
    if script.name == "orbital" and script.is_file():
        return (str(script),)
    return sys.executable, "-m", "orbital_kernel"
