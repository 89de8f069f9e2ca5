"""A fault of a reader's code is reported as one, and damage to a file as damage."""

import gzip
import logging
from pathlib import Path

import numpy as np
import pytest
from added_observatory import READER
from archive_files import bat_lightcurve

from orbital_kernel.archives import detect
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.errors import ArchiveError, ReaderFault
from orbital_kernel.ingest.items import Task
from orbital_kernel.ingest.parsing import parse

COUNTS = "#nova counts\n0.5 3\n1.5 4\n"
ERRORS = {
    "AttributeError": "source.path.no_such_method()",
    "TypeError": "len(3)",
    "KeyError": "{}['rate']",
    "NameError": "no_such_name",
    "ModuleNotFoundError": "__import__('no_such_module')",
    "IndexError": "[][1]",
    "AssertionError": "exec('assert False')",
    "NotImplementedError": "exec('raise NotImplementedError')",
    "RuntimeError": "exec('raise RuntimeError')",
}


def recognising(code):
    return READER.replace(
        "    return source.head", f"    {code}\n    return source.head"
    )


def reading(code):
    return READER.replace("    lines =", f"    {code}\n    lines =")


def write(folder, code, content=COUNTS):
    (folder / "nova_counts.py").write_text(code)
    path = folder.parent / "a.txt"
    path.write_text(content)
    return path


def read(path):
    return list(detect(path).read(open_source(path), Account("")))


@pytest.mark.parametrize(("name", "code"), ERRORS.items())
@pytest.mark.parametrize("place", [recognising, reading])
def test_an_error_of_the_code_is_a_fault_of_the_reader(
    observatory_folder,
    caplog,
    place,
    name,
    code,
):
    path = write(observatory_folder, place(code))

    with pytest.raises(ReaderFault, match=rf"a\.txt: reader nova-counts .*{name}") as e:
        read(path)

    assert str(observatory_folder / "nova_counts.py") in str(e.value)
    assert "not of the file" in str(e.value)
    assert "damaged" not in str(e.value)
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.exc_info[0].__name__ == name
    assert "nova_counts.py" in caplog.text


def test_broken_content_is_damage_and_names_the_format(observatory_folder, caplog):
    path = write(observatory_folder, READER, COUNTS + "2.5 \n")

    with pytest.raises(ArchiveError, match="damaged, or not a nova-counts file") as e:
        read(path)

    assert not isinstance(e.value, ReaderFault)
    assert [] == [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_an_error_inside_a_format_library_is_damage(observatory_folder):
    code = "from astropy.table import Table; Table({'a': [1]})['b']"
    path = write(observatory_folder, reading(code))

    with pytest.raises(ArchiveError, match="damaged, or not a nova-counts") as e:
        read(path)

    assert not isinstance(e.value, ReaderFault)


@pytest.mark.parametrize(
    "yielded", ["yield 3", "yield 'rates'", "yield 'rates', {}", "return None"]
)
def test_a_reader_that_yields_something_else_is_at_fault(observatory_folder, yielded):
    code = READER.replace("    lines =", f"    {yielded}\n    lines =")
    if yielded.startswith("return"):
        code = code.replace("yield rows(", "rows(")
    path = write(observatory_folder, code)

    with pytest.raises(ReaderFault, match="TypeError"):
        read(path)


def test_a_fault_in_one_reader_does_not_hide_files_of_the_others(
    observatory_folder, tmp_path
):
    write(observatory_folder, recognising("source.nothing"))
    curve = bat_lightcurve(tmp_path / "a.lc", np.ones(2), np.ones(2))

    assert "swift-bat-lightcurve" == detect(curve).name


def test_a_reader_by_shape_alone_never_takes_the_file_of_a_failed_one(
    observatory_folder, tmp_path
):
    shaped = "\n".join(f"{row}.0 1 2 3" for row in range(9))
    path = tmp_path / "GRB010101_64ms.txt"
    path.write_text(shaped)
    write(observatory_folder, recognising("source.nothing"))

    with pytest.raises(ReaderFault):
        detect(path)


def test_fault_damage_and_an_unknown_kind_are_three_messages(
    observatory_folder, real, tmp_path
):
    (observatory_folder / "nova_counts.py").write_text(
        reading("source.path.no_such_method()")
    )
    folder = tmp_path / "night"
    folder.mkdir()
    curve = bat_lightcurve(folder / "b.lc", np.ones(9), np.ones(9))
    (folder / "a.txt").write_text(COUNTS)
    (folder / "c.lc.gz").write_bytes(gzip.compress(curve.read_bytes())[:-20])
    (folder / "d.bin").write_bytes(bytes(range(256)) * 9)

    files = {Path(file.path).name: file for file in real.ingest(folder).files}

    assert "ingested" == files["b.lc"].state
    refused = {name: f.reason for name, f in files.items() if f.state == "refused"}
    assert "fault of the reader" in refused.pop("a.txt")
    assert "cut or damaged" in refused.pop("c.lc.gz")
    assert "no known format" in refused.pop("d.bin")
    assert {} == refused


@pytest.mark.parametrize(
    ("table", "columns", "words"),
    [
        ("rates", "no_such_column=[1]", "has no column"),
        ("no_such_table", "", "there is no table"),
    ],
)
def test_rows_that_no_table_holds_are_a_fault_of_the_reader(
    observatory_folder,
    table,
    columns,
    words,
):
    yielded = f"yield '{table}', pa.table({{'file_row': [0]}} | dict({columns}))"
    code = reading(f"import pyarrow as pa; {yielded}; return")
    code = code.replace('observatory = "nova"', 'observatory = "swift"')
    path = write(observatory_folder, code)

    (refusal,) = parse(path, Task())

    assert words in refusal.reason
    assert "fault of the reader" in refusal.reason
