"""SQL by the vendor's own ADBC driver, run by the cluster's query engine.

The SDK opens that driver in every transaction once it can import it, so it is kept
outside the environment, as a file, and only the session that asks in SQL is given it:
everything else pays nothing. Tables are named as everywhere, e.g. `swift.rates`.
"""

import os
import time as clock
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from orbital_kernel.errors import ConfigError, QueryError
from orbital_kernel.frames import frame_of
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.store import Store

VARIABLE = "ORBITAL_SQL_DRIVER"
PACKAGE = "adbc-driver-vastdb"
LIBRARY = "libadbc_driver_vastdb.*"


def driver(home: Path) -> Path:
    """Return the driver's library: ORBITAL_SQL_DRIVER, else below `home`/sql.

    Raises ConfigError, saying how to install it, where there is none.
    """
    told = os.environ.get(VARIABLE)
    found = [Path(told)] if told else sorted((home / "sql").rglob(LIBRARY))
    if not found or not found[0].is_file():
        raise ConfigError(
            f"SQL needs the vendor's driver, and there is none at {told or home / 'sql'}: "
            f"`pip install --no-deps --target {home / 'sql'} {PACKAGE}`, or name its "
            f"library in {VARIABLE}"
        )
    return found[0]


def named(text: str, database: str) -> tuple[str, list[str]]:
    """Return a SELECT with tables named as the engine wants them, and their names.

    Raises QueryError for anything but one SELECT, or a table without its schema.
    """
    try:
        parsed = sqlglot.parse(text)
    except SqlglotError as error:
        raise QueryError(f"this is no SQL: {error}") from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise QueryError("ask one SELECT: data are changed by ingest only")
    own = {with_.alias for with_ in parsed[0].find_all(exp.CTE)}
    tables = []
    for table in parsed[0].find_all(exp.Table):
        if not table.db and table.name in own:
            continue
        if not table.db:
            raise QueryError(f"name the table with its schema, e.g. swift.{table.name}")
        room = table.db.removeprefix(f"{database}/")
        tables.append(f"{room}.{table.name}")
        table.set("db", exp.to_identifier(f"{database}/{room}", quoted=True))
    return parsed[0].sql(), list(dict.fromkeys(tables))


def run(text: str, store: Store, *, home: Path) -> Answer:
    """Answer a SELECT in the database's own engine."""
    start = clock.perf_counter()
    library = driver(home)
    asked, tables = named(text, store.database)
    at_plan = clock.perf_counter()
    rows = store.sql(asked, driver=library)
    at_rows = clock.perf_counter()
    frame = frame_of(rows)
    end = clock.perf_counter()
    stages = {
        "plan": at_plan - start,
        "server": at_rows - at_plan,
        "local": end - at_rows,
    }
    return Answer(
        frame,
        Explain(
            table=", ".join(tables),
            pushed=[asked],
            residual=[],
            sort_key=[],
            sky_ranges=0,
            rows_read=None,
            rows_stored=sum(store.rows(table) for table in tables),
            rows_fetched=len(rows),
            rows_returned=len(frame),
            bytes=rows.nbytes,
            milliseconds=round(1e3 * (end - start), 3),
            stages={name: round(1e3 * seconds, 3) for name, seconds in stages.items()},
            engine=store.settings.engine,
        ),
    )
