"""Orbital changes no log level of the libraries it uses, neither imported nor called."""

import logging
import subprocess
import sys

import pytest

from orbital_kernel import Orbital, Query
from orbital_kernel.config import Settings
from orbital_kernel.database.quiet import Quiet
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.query.statement import statement

LEVELS = """
import logging, sys, sqlglot, vastdb
def levels():
    loggers = logging.root.manager.loggerDict.items()
    return {n: l.level for n, l in loggers if isinstance(l, logging.Logger)}
before = levels()
import orbital_kernel.session, orbital_kernel.query.sql
after = levels()
changed = {n: (before[n], after[n]) for n in before if before[n] != after[n]}
raised = {n: after[n] for n in after if n.startswith(("vastdb", "sqlglot")) and after[n]}
sys.exit(f"{changed} {raised}" if changed or raised else 0)
"""


def levels() -> dict[str, int]:
    """Return the level of every logger."""
    loggers = logging.root.manager.loggerDict.items()
    return {n: lg.level for n, lg in loggers if isinstance(lg, logging.Logger)}


def test_importing_orbital_changes_no_log_level():
    done = subprocess.run(
        [sys.executable, "-c", LEVELS], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_calling_orbital_changes_no_log_level_and_prints_no_line_of_a_vendor(
    tmp_path, caplog
):
    offline = Orbital(Settings("http://127.0.0.1:9", "key", "secret"), home=tmp_path)
    before = levels()

    with pytest.raises(StoreError, match="cannot connect"):
        offline.query(Query("swift.sources", limit=1))
    with pytest.raises(QueryError, match="one SELECT"):
        statement("SHOW TABLES", "orbital")

    after = levels()
    assert {name: after[name] for name in before} == before
    assert [] == [r for r in caplog.records if r.name.startswith(("vastdb", "sqlglot"))]


def test_lines_of_a_library_are_dropped_only_inside_a_call(caplog):
    library = logging.getLogger("a_library")
    quiet = Quiet("a_library", below=logging.ERROR)

    library.warning("before")
    with quiet():
        library.warning("inside")
        library.error("an error inside")
    library.warning("after")

    assert ["before", "an error inside", "after"] == caplog.messages


def test_a_level_that_the_user_chose_shows_every_line(caplog):
    library = logging.getLogger("a_watched_library")
    quiet = Quiet("a_watched_library", below=logging.CRITICAL)

    with caplog.at_level(logging.DEBUG, "a_watched_library"), quiet():
        library.debug("a detail")

    assert ["a detail"] == caplog.messages
