"""SQL by the vendor's own ADBC driver, run by the database's query engine.

The SDK opens that driver in every transaction once it can import it: an empty
transaction then takes 15 ms instead of 4.3 (embedded platform, medians of 200). So
`make venv` puts it into `.venv/sql`, from a separate lock, and only the session that
runs SQL loads it: everything else pays nothing.
Tables are named as everywhere, e.g. `swift.rates`; times are TT.
"""

import os
import shlex
import sys
import time as clock
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from orbital_kernel.database import Store
from orbital_kernel.errors import ConfigError, QueryError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.lineage import output_ucds, output_units
from orbital_kernel.query.statement import Statement, complaint, statement

VARIABLE = "ORBITAL_SQL_DRIVER"
PACKAGE = "adbc-driver-vastdb==0.0.33"
"""As sql.lock has it."""
LIBRARY = "libadbc_driver_vastdb.*"


def driver(home: Path) -> Path:
    """Return the driver's library: ORBITAL_SQL_DRIVER, else the one in a folder `sql`.

    That folder is the environment's (`.venv/sql`), else the platform's (`home`/sql).
    Raises ConfigError, which says how to install it, if there is no library.
    """
    given = os.environ.get(VARIABLE)
    folders = [Path(sys.prefix) / "sql", home / "sql"]
    libraries = (
        [Path(given)]
        if given
        else [path for folder in folders for path in sorted(folder.rglob(LIBRARY))]
    )
    if not libraries or not libraries[0].is_file():
        raise ConfigError(
            "SQL needs the vendor's driver, and there is none at "
            f"{given or ' or '.join(map(str, folders))}: `{_installing(folders)}` "
            "installs it (the vendor ships it for Linux on x86-64 and for macOS), or "
            f"name its library in {VARIABLE}"
        )
    return libraries[0]


def _installing(folders: Sequence[Path]) -> str:
    """Return the command that installs the driver where this user may write."""
    environment = os.access(folders[0].parent, os.W_OK)
    pip = (sys.executable, "-m", "pip", "install", "--no-deps", "--target")
    return shlex.join([*pip, str(folders[0] if environment else folders[-1]), PACKAGE])


def run(text: str, store: Store, *, home: Path) -> Answer:
    """Answer a SELECT in the database's own engine; raises QueryError for wrong SQL.

    Columns of the same name come as `ra`, `ra_2`, …
    """
    start = clock.perf_counter()
    parsed = statement(text, store.database)
    library = driver(home)
    at_plan = clock.perf_counter()
    rows = _rows(parsed, store, library)
    at_rows = clock.perf_counter()
    frame = _frame(rows)
    units = output_units(parsed, frame.columns)
    ucds = output_ucds(parsed, frame.columns)
    stored = sum(store.rows(table) for table in parsed.tables)
    end = clock.perf_counter()
    stages = {
        "plan": at_plan - start,
        "server": at_rows - at_plan,
        "local": end - at_rows,
    }
    return Answer(
        frame,
        Explain(
            table=", ".join(parsed.tables),
            pushed=[parsed.sent],
            residual=[],
            sort_key=[],
            sky_ranges=0,
            rows_read=None,
            rows_stored=stored,
            rows_fetched=len(rows),
            rows_returned=len(frame),
            bytes=rows.nbytes,
            milliseconds=round(1e3 * (end - start), 3),
            stages={name: round(1e3 * seconds, 3) for name, seconds in stages.items()},
            engine=store.settings.engine,
        ),
        units,
        ucds,
    )


def _rows(parsed: Statement, store: Store, library: Path) -> pa.Table:
    try:
        return store.sql(parsed.sent, driver=library)
    except QueryError as error:
        raise QueryError(complaint(parsed, str(error))) from error


def _frame(rows: pa.Table) -> pl.DataFrame:
    """Return the answer as a frame: unique names, decimals as numbers."""
    rows = rows.rename_columns(_different(rows.column_names))
    for at, field in enumerate(rows.schema):
        if pa.types.is_decimal(field.type):
            rows = rows.set_column(at, field.name, _number(rows.column(at)))
    try:
        return frame_of(rows)
    except (pl.exceptions.PolarsError, pa.ArrowException) as error:
        kinds = ", ".join(f"{f.name} {f.type}" for f in rows.schema)
        raise QueryError(
            f"the answer's columns ({kinds}) have a type frames cannot hold: CAST it in "
            "the SELECT, and take differences of times as epoch(a) - epoch(b), in seconds"
        ) from error


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a decimal column as integers if it has no decimal places, else as floats."""
    if column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column
    return column.cast(pa.float64())


def _different(names: list[str]) -> list[str]:
    """Return the names, a later one of the same name with a number."""
    different: list[str] = []
    for name in names:
        new, number = name, 2
        while new in different or (new != name and new in names):
            new, number = f"{name}_{number}", number + 1
        different.append(new)
    return different
