"""pyarrow imports no pandas in commands and reading processes, which a person still can."""

import json
import subprocess
import sys

import pytest

from orbital_kernel.archives import detect
from orbital_kernel.errors import ArchiveError

READ = """
import json, socket, sys, threading
from orbital_kernel.ingest import messages, worker
from orbital_kernel.ingest.items import Rows
ours, theirs = socket.socketpair()
threading.Thread(target=worker.main, args=(str(theirs.detach()),), daemon=True).start()
messages.receive(ours)
messages.send(ours, {"path": sys.argv[1], "observatory": None, "runs": True})
rows = 0
while isinstance(item := messages.receive_item(ours), Rows):
    rows += len(item.data)
slow = [n for n in ("pandas", "astropy.coordinates", "cdshealpix") if n in sys.modules]
print(json.dumps([type(item).__name__, rows > 0, slow]))
"""
LATER = """
import json, sys
from orbital_kernel.config.pandas_spared import declare_own_process, spare_pandas
declare_own_process()
spare_pandas()
import pandas, pyarrow
frame = pandas.DataFrame({"a": [1.5, 2.5]})
table = pyarrow.Table.from_pandas(frame)
print(json.dumps(table.to_pandas()["a"].tolist()))
"""
ARRAY = """
import json, sys
from pathlib import Path
from orbital_kernel import config
from orbital_kernel.config.pandas_spared import declare_own_process, spare_pandas
if "own" in sys.argv:
    declare_own_process()
if "added" in sys.argv:
    config.added_observatories = lambda: (Path("folder"),)
spare_pandas()
import pyarrow
pyarrow.array([1])
print(json.dumps("pandas" in sys.modules))
"""


def answer_of(program, *words):
    """Return what a program prints."""
    command = [sys.executable, "-c", program, *map(str, words)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def is_of(name, path):
    try:
        return path.is_file() and detect(path).name == name
    except ArchiveError:
        return False


@pytest.mark.parametrize("name", ["chandra-events", "chandra-csc"])
def test_a_process_reads_without_pandas_and_astropys_coordinates(name, orbital):
    path = next(p for p in sorted(orbital.sample().rglob("*")) if is_of(name, p))

    assert ["End", True, []] == answer_of(READ, path)


def test_pandas_can_be_imported_later_and_exchanges_tables():
    assert [1.5, 2.5] == answer_of(LATER)


@pytest.mark.parametrize(
    ("words", "looks"), [(["own"], False), ([], True), (["own", "added"], True)]
)
def test_pyarrow_looks_for_pandas_where_other_peoples_code_may_use_it(words, looks):
    assert looks == answer_of(ARRAY, *words)
