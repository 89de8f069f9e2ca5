"""Write the environment files of conda and Binder from the locks: `make environments`.

Each file is one tool's way to the environment that `make venv` sets up, so all have the
exact versions of requirements.lock and sql.lock. tests/test_environments.py compares them.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = "written by `make environments` from requirements.lock and pyproject.toml"
FIRST = "notebooks/01_start_here.ipynb"
CONDA = """\
# {written}: do not edit.
#   conda env create -f environment.yml && conda activate orbital
# SQL, for which the vendor's driver is installed beside the environment:
#   pip install --require-hashes --no-deps --target {sql} -r sql.lock
name: orbital
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
{pins}
      - -e .
"""
BINDER = """\
# {written}: do not edit. postBuild installs the locked packages.
name: orbital
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
"""
POST_BUILD = """\
#!/usr/bin/env bash
# {written}: do not edit.
set -euo pipefail
pip install --quiet --require-hashes -r requirements.lock
pip install --quiet --require-hashes --no-deps --upgrade --target "$(python -c 'import sys; print(sys.prefix)')/sql" -r sql.lock
pip install --quiet --no-deps --no-build-isolation -e .
"""
START = """\
#!/usr/bin/env bash
# {written}: do not edit.
# JupyterLab opens the first notebook, without a prompt for news.
set -euo pipefail
settings="$(python -c 'from orbital_kernel.reports import lab; print(lab.SETTINGS)')"
export JUPYTER_CONFIG_PATH="$PWD/binder/jupyter:$settings${{JUPYTER_CONFIG_PATH:+:$JUPYTER_CONFIG_PATH}}"
exec "$@"
"""
SERVER = '{{"ServerApp": {{"default_url": "/lab/tree/{first}"}}}}\n'
LAB = '{{"LabApp": {{"default_url": "/lab/tree/{first}"}}}}\n'
BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{left}: {right}">
<title>{left}: {right}</title>
<rect width="{split}" height="20" fill="#444"/><rect x="{split}" width="{rest}" height="20" fill="{color}"/>
<g fill="#fff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">
<text x="6" y="14">{left}</text><text x="{text}" y="14">{right}</text></g>
</svg>
"""
CHARACTER_PX, MARGIN_PX = 7, 12


def files(root: Path = ROOT) -> dict[str, str]:
    """Return path and text of every file."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    low, high = re.findall(r"3\.(\d+)", project["requires-python"])
    pins = pinned((root / "requirements.lock").read_text())
    values = {
        "written": WRITTEN,
        "python": f"3.{low}",
        "pins": "\n".join(f"      - '{pin}'" for pin in pins),
        "sql": '"$CONDA_PREFIX/sql"',
        "first": FIRST,
    }
    texts = {
        "environment.yml": CONDA,
        "binder/environment.yml": BINDER,
        "binder/postBuild": POST_BUILD,
        "binder/start": START,
        "binder/jupyter/jupyter_server_config.json": SERVER,
        "binder/jupyter/jupyter_lab_config.json": LAB,
    }
    badges = {
        "python": badge("python", f"3.{low} to 3.{int(high) - 1}", "#0072b2"),
        "licence": badge("licence", project["license"], "#00684a"),
        "binder": badge("binder", "notebook 1", "#8a5300"),
    }
    return {path: text.format(**values) for path, text in texts.items()} | {
        f"docs/images/{name}.svg": text for name, text in badges.items()
    }


def pinned(lock: str) -> list[str]:
    """Return the requirements of a lock without their hashes, markers kept."""
    lines = (line.rstrip("\\ ") for line in lock.splitlines())
    return [line.replace("'", '"') for line in lines if re.match(r"[A-Za-z0-9]", line)]


def badge(left: str, right: str, color: str) -> str:
    """Return a picture of two words, which needs no address."""
    split, rest = (len(word) * CHARACTER_PX + MARGIN_PX for word in (left, right))
    return BADGE.format(
        left=left,
        right=right,
        color=color,
        split=split,
        rest=rest,
        width=split + rest,
        text=split + 6,
    )


def main() -> None:
    """Write every file."""
    for name, text in files().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)


if __name__ == "__main__":
    main()
