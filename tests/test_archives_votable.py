"""VOTables of the archives: the columns of the text forms, cut answers, errors, mappings."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import votable
from astropy.table import Table
from hostile_server import END, HEAD, serving

from orbital_kernel.__main__ import cli
from orbital_kernel.archives import Account, detect, open_source
from orbital_kernel.archives.services import fetching, tap
from orbital_kernel.errors import ArchiveError

CASES = Path(__file__).resolve().parents[1] / ".." / "shared" / "cases" / "data"
LOG = {
    "obsid": [4, 16454],
    "ra": [83.6, 10.2],
    "dec": [22.0, -5.0],
    "time": [55000.1, 56000.2],
    "exposure": [1000.0, 2000.0],
    "status": ["archived", "archived"],
    "detector": ["ACIS-S", "HRC-I"],
    "grating": ["NONE", "LETG"],
    "name": ["Crab", "X"],
}
CSC = {
    "name": ["2CXO J000000.1+000000", "2CXO J000000.2+000000"],
    "ra": [0.1, 0.2],
    "dec": [0.0, 1.0],
    "err_ellipse_r0": [0.7, 0.8],
    "err_ellipse_r1": [0.6, 0.7],
    "err_ellipse_ang": [10.0, 20.0],
    "significance": [5.0, 6.0],
    "flux_aper_b": [1e-14, np.nan],
    "flux_aper_lolim_b": [9e-15, np.nan],
    "flux_aper_hilim_b": [1.1e-14, 3e-15],
}
SWIFT = {
    "name": ["Mkn 421"],
    "obsid": ["00035014061"],
    "ra": [166.1],
    "dec": [38.2],
    "start_time": [57696.0],
    "stop_time": [57696.5],
    "xrt_exposure": [900.0],
}


def rows_of(path):
    account = Account("")
    reader = detect(path)
    tables = {}
    for name, batch in reader.read(open_source(path), account):
        tables.setdefault(name, []).extend(batch.to_pylist())
    return reader.name, tables, account


def write(columns, folder, kind, **options):
    path = folder / f"table.{kind}"
    table = Table(
        {
            k: np.ma.masked_invalid(v) if isinstance(v[0], float) else v
            for k, v in columns.items()
        }
    )
    if kind == "vot":
        table.write(path, format="votable", overwrite=True, **options)
    else:
        table.write(path, format="ascii.csv", overwrite=True)
    return path


@pytest.mark.parametrize("form", ["tabledata", "binary", "binary2"])
@pytest.mark.parametrize(
    ("columns", "reader"),
    [
        (LOG, "chandra-observations"),
        (CSC, "chandra-csc"),
        (SWIFT, "swift-observations"),
    ],
)
def test_a_votable_gives_the_rows_of_the_same_table_as_text(
    tmp_path, columns, reader, form
):
    name, tables, _ = rows_of(write(columns, tmp_path, "vot", tabledata_format=form))
    as_text = rows_of(write(columns, tmp_path, "csv"))

    assert reader == name == as_text[0]
    assert as_text[1] == tables


def test_the_first_example_of_the_readme_can_be_ingested(tmp_path):
    """Five columns of chanmaster say of which log they are by the query alone."""
    cells = "".join(f"<TD>{LOG[n][1]}</TD>" for n in list(LOG)[:5])
    fields = "".join(f'<FIELD name="{n}" datatype="double"/>' for n in list(LOG)[1:5])
    reply = (
        f'{HEAD}<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>'
        f'<FIELD name="obsid" datatype="int"/>{fields}<DATA><TABLEDATA><TR>{cells}</TR>'
        f"</TABLEDATA></DATA></TABLE>{END}"
    )
    query = "SELECT obsid, ra, dec, time, exposure FROM chanmaster"
    with serving({"ok": reply}) as server:
        service = tap.Tap(f"{server.address}/ok/tap", tmp_path / "cache")
        fetching.fetch(service, query, tmp_path / "chanmaster.vot", page_by="obsid")

    name, tables, _ = rows_of(tmp_path / "chanmaster.vot")

    assert "chandra-observations" == name
    (row,) = tables["observations"]
    assert ("16454", 2000.0) == (row["obs_id"], row["exposure_s"])


def test_other_votables_say_what_they_need(tmp_path):
    path = write({"id": ["a"], "ra": [1.0], "dec": [2.0]}, tmp_path, "vot")

    with pytest.raises(
        ArchiveError, match=r"a VOTable of no known kind.*needs a mapping"
    ):
        detect(path)


def test_positions_in_another_unit_are_not_taken_for_degrees(tmp_path):
    path = write(LOG, tmp_path, "vot")
    path.write_text(path.read_text().replace('name="ra"', 'name="ra" unit="rad"', 1))

    with pytest.raises(ArchiveError, match="column ra is in rad"):
        rows_of(path)


def cut(path):
    document = votable.parse(str(path))
    document.resources[0].infos.append(
        votable.tree.Info(name="QUERY_STATUS", value="OVERFLOW")
    )
    document.to_xml(str(path))
    return path


def test_a_cut_table_says_that_rows_are_missing(tmp_path):
    _, _, account = rows_of(cut(write(LOG, tmp_path, "vot")))

    assert "rows are missing" in account.understood[0]


def test_the_shell_says_that_rows_are_missing_by_a_mapping_too(tmp_path, capsys):
    path = cut(write({"id": ["a"], "ra": [1.0], "dec": [2.0]}, tmp_path, "vot"))
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'table = "sources"\nobservatory = "chandra"\nformat = "votable"\n[columns]\n'
        'source_id = "id"\nra = "ra"\ndec = "dec"\n'
    )
    other = tmp_path / "again.vot"
    other.write_bytes(path.read_bytes() + b"\n")
    options = ["--mapping", str(mapping)]
    os.environ["ORBITAL_HOME"] = str(tmp_path / "home")
    try:
        for arguments in ([str(path)], [str(other), "--json"]):
            with pytest.raises(SystemExit) as caught:
                cli(["ingest", *arguments, *options], standalone_mode=False)
            assert 0 == caught.value.code
        screen, _, document = capsys.readouterr().out.partition("{\n")
    finally:
        cli(["down"], standalone_mode=False)
        del os.environ["ORBITAL_HOME"]

    (file,) = json.loads("{" + document)["files"]
    assert "rows are" in screen
    assert any("rows are missing" in remark for remark in file["understood"])


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the shared cases")
@pytest.mark.parametrize(
    ("name", "reader", "count"),
    [("chanmaster.vot", "chandra-observations", 2), ("csc.vot", "chandra-csc", 1)],
)
def test_votables_of_the_archives_are_read(name, reader, count):
    actual, tables, _ = rows_of(CASES / "21_votables" / name)

    assert reader == actual
    assert [count] == [len(rows) for rows in tables.values()]


def test_a_services_error_is_quoted(tmp_path):
    path = tmp_path / "err.vot"
    path.write_text(
        f'{HEAD}<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'
        f"Table not found</INFO>{END}"
    )

    with pytest.raises(ArchiveError, match=r"a service's error.*'Table not found'"):
        detect(path)
