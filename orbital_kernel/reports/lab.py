"""JupyterLab on the tutorials: its command, its environment, and the shell line.

The settings in `jupyter/labconfig` are JupyterLab's defaults for this start only. Settings
of the user are in another file and take precedence.
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
    """Return the command that opens JupyterLab on the first tutorial.

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
    """Return the environment in which JupyterLab's kernels use a platform's folder."""
    paths = (before.get(CONFIG_PATH), str(SETTINGS))
    return {
        **before,
        config.HOME_VARIABLE: str(folder),
        CONFIG_PATH: os.pathsep.join(path for path in paths if path),
    }


def shell_line(folder: Path | None) -> str:
    """Return the shell line that opens JupyterLab on a folder's data, from any directory.

    Without a folder, JupyterLab uses the cluster that the vendors' variables name.
    """
    data = () if folder is None else ("--data", str(folder))
    return shlex.join([*_orbital(), "lab", *data])


def _orbital() -> tuple[str, ...]:
    """Return the words that call this program, with absolute paths."""
    script = Path(sys.argv[0]).absolute()
    if script.name == "orbital" and script.is_file():
        return (str(script),)
    return sys.executable, "-m", "orbital_kernel"
