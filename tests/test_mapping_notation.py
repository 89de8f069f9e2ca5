"""Notations of papers in mapped tables: what is stored for each, in every table."""
# ruff: noqa: RUF001  published tables have signs where ASCII has none

import json
import math

import pytest

from orbital_kernel.archives import open_source
from orbital_kernel.archives.mapped.draft import draft
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import MappingError
from orbital_kernel.model.times import to_utc_iso

POINTS = """
table = "photometry"
observatory = "chandra"
format = "tab"
columns = {{ object = "name", time = "when", {columns} }}
time = {{ format = "{form}", scale = "utc" }}
unit = {{ value = "erg / (cm2 s)" }}
band = {{ kev = [0.5, 7.0] }}
"""


def stored(tmp_path, header, cells, columns, *, form="iso", when="2012-01-02T03:04:05"):
    """Return the one row of a table of one row, as it is stored."""
    (tmp_path / "t.tsv").write_text(f"name\twhen\t{header}\nX\t{when}\t{cells}\n")
    (tmp_path / "m.toml").write_text(POINTS.format(columns=columns, form=form))
    reader = declared_reader(tmp_path / "m.toml")
    source = open_source(tmp_path / "t.tsv")
    ((_, batch),) = reader.read(source, Account(""))
    return batch.to_pylist()[0], batch


@pytest.mark.parametrize(
    ("cell", "value", "plus", "minus"),
    [
        ("4.7 ± 0.8", 4.7, 0.8, 0.8),
        ("(4.7 ± 0.8) × 10⁻¹³", 4.7e-13, 8e-14, 8e-14),
        ("4.7+0.8−0.5", 4.7, 0.8, 0.5),
        ("4.7 (4.2, 5.5)", 4.7, 0.8, 0.5),
        ("4.7 × 10⁻¹³", 4.7e-13, None, None),
        ("$4.7^{+0.8}_{-0.5}$", 4.7, 0.8, 0.5),
    ],
)
def test_value_and_errors_in_one_cell(tmp_path, cell, value, plus, minus):
    row, _ = stored(tmp_path, "flux", cell, 'value = "flux"')
    expected = pytest.approx([value, plus or math.nan, minus or math.nan], nan_ok=True)

    assert expected == [row["value"], row["value_err_plus"] or math.nan, row["value_err_minus"] or math.nan]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "cells", "columns"),
    [
        ("flux\tci", "4.7\t(4.2, 5.5)", 'value = "flux", value_bounds = "ci"'),
        ("flux\tci", "4.7\t[4.2; 5.5]", 'value = "flux", value_bounds = "ci"'),
        ("flux\tlo\thi", "4.7\t4.2\t5.5", 'value = "flux", value_low = "lo", value_high = "hi"'),
        ("flux", "4.7 (4.2, 5.5)", 'value = "flux"'),
    ],
)  # fmt: skip
def test_an_interval_gives_the_errors_wherever_it_stands(tmp_path, header, cells, columns):  # fmt: skip
    row, _ = stored(tmp_path, header, cells, columns)

    assert pytest.approx([0.8, 0.5]) == [row["value_err_plus"], row["value_err_minus"]]


def test_a_value_outside_its_interval_is_an_error(tmp_path):
    with pytest.raises(MappingError, match="row 0: the value 6 is outside its bounds"):
        stored(tmp_path, "flux\tci", "6\t(4.2, 5.5)", 'value = "flux", value_bounds = "ci"')  # fmt: skip


@pytest.mark.parametrize(
    ("when", "middle", "half_s"),
    [
        ("2010 Nov 5–20", "2010-11-13T00:00:00.000", 8 * 86400),
        ("2010 Nov 5 − Dec 3", "2010-11-19T12:00:00.000", 14.5 * 86400),
        ("2010-Nov-05-13:00-15:00", "2010-11-05T14:00:00.000", 3600),
        ("2016 Dec 31", "2016-12-31T12:00:00.500", 43200.5),
    ],
)
def test_a_range_of_dates_is_its_middle_and_half_width(tmp_path, when, middle, half_s):
    row, batch = stored(tmp_path, "flux", "1", 'value = "flux"', form="interval", when=when)  # fmt: skip

    assert [middle] == to_utc_iso(batch["time"].to_numpy())
    assert half_s == row["time_err_plus_s"] == row["time_err_minus_s"]


LINES = ("2005 Jan 3--5 & 4.2 \\\\", "2005 Jan 7 & <1.1 \\\\")
NAMED = POINTS.replace('"tab"', '"{layout}"\nnames = ["when", "flux"]').replace('object = "name", ', "") + '[constants]\nobject = "X"\n'  # fmt: skip


@pytest.mark.parametrize("header", ["", "Date & Flux \\\\\n"])
def test_names_of_a_latex_table_without_header_drop_no_row(tmp_path, header):
    (tmp_path / "t.tex").write_text(header + "\n".join(LINES) + "\n")
    (tmp_path / "m.toml").write_text(NAMED.format(layout="latex", form="interval", columns='value = "flux"'))  # fmt: skip
    reader = declared_reader(tmp_path / "m.toml")
    ((_, batch),) = reader.read(open_source(tmp_path / "t.tex"), Account(""))

    assert pytest.approx([4.2, 1.1]) == batch["value"].to_pylist()


@pytest.mark.parametrize(("layout", "sign"), [("csv", ","), ("tab", "\t"), ("basic", " ")])  # fmt: skip
def test_names_never_replace_a_line_of_values(tmp_path, layout, sign):
    (tmp_path / "t.txt").write_text(f"2012-01-02{sign}4.2\n2012-01-03{sign}4.3\n")
    (tmp_path / "m.toml").write_text(NAMED.format(layout=layout, form="iso", columns='value = "flux"'))  # fmt: skip
    reader = declared_reader(tmp_path / "m.toml")

    with pytest.raises(MappingError, match=r"first line holds values .*no_header"):
        list(reader.read(open_source(tmp_path / "t.txt"), Account("")))


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Flux (10^-13 erg cm^-2 s^-1)", 1e-13),
        ("Flux (10⁻¹³ erg/cm²/s)", 1e-13),
        ("Flux [1e-12 erg s-1 cm-2]", 1e-12),
    ],
)
def test_a_unit_in_the_heading_is_drafted_and_stored(tmp_path, heading, unit):
    path = tmp_path / "chandra.tsv"
    path.write_text(f"object\tmjd\t{heading}\nX\t56409.5\t2.0\nX\t56410.5\t3.0\n")
    text = draft(path).replace('scale = "FILL IN"', 'scale = "utc"')
    text = text.replace('kev = "FILL IN"', f"kev = {json.dumps([0.5, 7.0])}")
    (tmp_path / "m.toml").write_text(text)
    reader = declared_reader(tmp_path / "m.toml")
    ((_, batch),) = reader.read(open_source(path), Account(""))

    assert pytest.approx([2 * unit, 3 * unit]) == batch["value"].to_pylist()
    assert ["erg / (cm2 s)"] * 2 == batch["unit"].to_pylist()
