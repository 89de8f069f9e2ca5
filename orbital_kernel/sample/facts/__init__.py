"""Small tables of real facts, each naming its source: nothing here is simulated.

`bursts.csv` real Swift bursts, `observations.csv` real pointings of both observatories,
`fluxes.csv` published fluxes of both, `csc_columns.csv` columns of a CSC search. Lines
that begin with '#' name the table's source.
"""

from pathlib import Path

import polars as pl

from orbital_kernel.errors import ConfigError

FOLDER = Path(__file__).parent
TEXT_COLUMNS = {"obs_id": pl.String, "trigger_id": pl.String}


def table(name: str) -> pl.DataFrame:
    """Return one table by name; ids stay text, with their leading zeros.

    Raises ConfigError for an unknown name.
    """
    path = _path(name)
    return pl.read_csv(path, comment_prefix="#", schema_overrides=TEXT_COLUMNS)


def source(name: str) -> str:
    """Return the table's description and source."""
    lines = _path(name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line[1:].strip() for line in lines if line.startswith("#"))


def _path(name: str) -> Path:
    path = FOLDER / f"{name}.csv"
    if not path.is_file():
        names = ", ".join(sorted(path.stem for path in FOLDER.glob("*.csv")))
        raise ConfigError(f"there is no table of facts {name!r}; there are {names}")
    return path
