"""Every table says what it holds, in what unit, sorted by what."""

import astropy.units as u
import pyarrow as pa
import pytest

from orbital_kernel.errors import SchemaMismatch
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories

TABLES = schema.tables(observatories())


def test_design_names_all_tables():
    names = set(TABLES)

    assert {
        f"{o}.{t}"
        for o in observatories()
        for t in (
            *("observations", "grbs", "intervals", "sources"),
            *("photometry", "rates", "events", "notices"),
        )
    } < names
    assert {"cross.objects", "cross.associations", "cross.bursts", "cross.lags"} < names
    assert {
        f"ops.{t}"
        for t in ("files", "comparisons", "queries", "quality", "storage", "actions")
    } < names


@pytest.mark.parametrize("name", TABLES)
def test_units_are_real_units_and_sort_keys_are_columns(name):
    table = TABLES[name]
    columns = {column.name for column in table.columns}

    assert len(columns) == len(table.columns)
    assert set(table.sort) <= columns
    assert set(table.key) <= columns
    for column in table.columns:
        u.Unit(column.unit)


@pytest.mark.parametrize("name", TABLES)
def test_a_number_with_a_unit_says_so_in_its_name_or_its_unit(name):
    suffixes = {"_s": "s", "_deg": "deg", "_kev": "keV", "_nm": "nm", "_ms": "ms"}

    for column in TABLES[name].columns:
        for suffix, unit in suffixes.items():
            if column.name.endswith(suffix) and "cm2" not in column.name:
                assert (column.name, unit) == (column.name, column.unit)


def test_an_unknown_table_is_refused_with_the_names_there_are():
    with pytest.raises(SchemaMismatch, match=r"swift\.ratez.*rates"):
        schema.table("swift.ratez")


def test_conform_fills_absent_columns_with_nulls_in_order():
    rows = schema.conform(pa.table({"sha256": ["a"]}), schema.table("ops.files"))

    assert schema.table("ops.files").arrow.names == rows.schema.names
    assert ["a"] == rows["sha256"].to_pylist()
    assert [None] == rows["rows"].to_pylist()


def test_conform_refuses_strangers_and_impossible_values():
    with pytest.raises(SchemaMismatch, match="nonsense"):
        schema.conform(pa.table({"nonsense": [1]}), schema.table("ops.files"))
    with pytest.raises(SchemaMismatch, match="cannot hold"):
        schema.conform(pa.table({"rows": ["many"]}), schema.table("ops.files"))
