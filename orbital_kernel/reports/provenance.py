"""Data and software that a report used, recorded by its own kernel.

A cell at the end of the notebook describes every session that a variable of the notebook
refers to. It runs last and so describes the database at the end of the report.
"""

import hashlib
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from orbital_kernel.database import Transaction
from orbital_kernel.errors import OrbitalError
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.reports.record import MIME
from orbital_kernel.session import Orbital

PACKAGES = (
    *("orbital", "numpy", "polars", "pyarrow", "astropy", "bokeh", "numba"),
    *("vastdb", "vastpy"),
)
LEDGER = "ops.files"
SECOND = "%Y-%m-%d %H:%M:%S"


def show(namespace: Mapping[str, Any]) -> None:
    """Display versions and data snapshots of a notebook's sessions as a cell output.

    Parameters
    ----------
    namespace : mapping of str to object
        Variables of the notebook, `globals()`.
    """
    from IPython.display import display

    facts = collect(namespace)
    display({MIME: facts, "text/plain": str(facts)}, raw=True)


def collect(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return {date_utc, versions: {package: version}, snapshots: [...]}; see `snapshot`.

    Each pair of endpoint and database appears once.
    """
    sessions = {
        (value.settings.endpoint, value.database): value
        for value in namespace.values()
        if isinstance(value, Orbital)
    }
    return {
        "date_utc": f"{datetime.now(UTC):{SECOND}}",
        "versions": {name: version(name) for name in PACKAGES}
        | {"python": platform.python_version(), "system": sys.platform},
        "snapshots": [snapshot(session) for session in sessions.values()],
    }


def snapshot(session: Orbital) -> dict[str, Any]:
    """Return the content of a database, read in one transaction.

    Keys: engine (embedded or cluster), endpoint, database, server, tables ({name: {rows,
    origin}} without empty and ops tables), files and refused (counts of the ledger),
    last_ingest_utc, and content_sha256: the SHA-256 of the sorted SHA-256s of all ingested
    files, one per line. If the database does not answer, the key error replaces its content.
    """
    identity = {
        "engine": session.settings.engine,
        "endpoint": session.settings.endpoint,
        "database": session.database,
    }
    try:
        with session.store.transaction() as tx:
            return identity | {"server": session.store.version} | _content(tx)
    except OrbitalError as error:
        return identity | {"error": str(error)}


def _content(tx: Transaction) -> dict[str, Any]:
    rows_by_name = tx.row_counts()
    counts = {n: rows for n, rows in rows_by_name.items() if not n.startswith("ops.")}
    files: list[dict[str, Any]] = []
    if LEDGER in rows_by_name:
        files = tx.select(LEDGER, columns=["sha256", "state", "ingested"]).to_pylist()
    ingested = [row for row in files if row["state"] == "ingested"]
    times = [row["ingested"] for row in ingested if row["ingested"]]
    hashes = sorted({row["sha256"] for row in ingested})
    return {
        "tables": {
            name: {"rows": rows, "origin": _origin(tx, name)}
            for name, rows in counts.items()
            if rows
        },
        "files": len(ingested),
        "refused": sum(row["state"] == "refused" for row in files),
        "last_ingest_utc": f"{max(times):{SECOND}}" if times else None,
        "content_sha256": hashlib.sha256("\n".join(hashes).encode()).hexdigest(),
    }


def _origin(tx: Transaction, name: str) -> str:
    """Return whether a table's rows are simulated, real, both, or not marked."""
    if "simulated" not in tx.columns(name):
        return "not marked"
    present = {
        flag: len(
            tx.select(
                name,
                [Clause("simulated", (Equal(flag),))],
                columns=["simulated"],
                limit=1,
            )
        )
        for flag in (True, False)
    }
    if present[True]:
        return "simulated and real" if present[False] else "simulated"
    return "real" if present[False] else "not marked"
