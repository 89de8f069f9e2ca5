"""Names and places are written with the rows that bring them, in any order of files."""

import pytest

from orbital_kernel import connect
from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, NotNull
from orbital_kernel.questions import registering

CURVES = ("*flux.qdp", "*lc*.fits*")
PLACES = {
    ("swift", "SIM AGN 1"): "target",
    ("swift", "SIM GRB 120102S"): "catalogue",
    ("chandra", "SIM AGN 1"): "observation",
    ("chandra", "SIM GRB 120102S"): "observation",
}
"""Source of the place of the sample's points, whose files give none."""


@pytest.fixture(scope="module")
def curves_first(home, sample):
    """Return a session on a database that got light curves before catalogues and logs."""
    session = connect(home, database="curvesfirst")
    session.storage.apply()
    curves = [path for glob in CURVES for path in sample.archive.rglob(glob)]
    session.ingest(*curves)
    session.ingest(sample.archive)
    return session


def _points(session):
    columns = ("object", "time", "ra", "dec", "healpix", "place_source")
    return {
        name: session.table(f"{name}.photometry", columns).sort(columns)
        for name in ("swift", "chandra")
    }


def test_points_have_the_place_of_their_object_and_its_source(stocked):
    sources = {
        (observatory, row["object"]): row["place_source"]
        for observatory, rows in _points(stocked).items()
        for row in rows.drop_nulls("ra").to_dicts()
        if (observatory, row["object"]) in PLACES
    }

    assert PLACES == sources


def test_the_order_of_files_changes_neither_places_nor_names(stocked, curves_first):
    names = [s.table("cross.names") for s in (stocked, curves_first)]
    objects = [f"SIM {n}" for n in ("AGN 1", "GRB 120102S", "FIELD 0")]
    compared = [
        table.filter(table["name"].is_in(objects)).sort(table.columns)
        for table in names
    ]

    assert compared[0].equals(compared[1])
    later = _points(curves_first)
    for observatory, rows in _points(stocked).items():
        of_sample = rows["object"].is_in(objects)
        assert rows.filter(of_sample).equals(later[observatory])


def test_places_are_no_content_of_files_so_that_these_agree(curves_first, sample):
    assert curves_first.validate(sample.archive).agrees


def test_ingesting_and_registering_again_change_no_name(curves_first, sample):
    before = curves_first.table("cross.names")

    curves_first.ingest(sample.archive, replace=True)

    after = curves_first.table("cross.names")
    assert before.sort(before.columns).equals(after.sort(before.columns))
    assert 0 == curves_first.names.rebuild()["changed"].sum()


def test_the_report_counts_points_by_the_source_of_their_place(curves_first, sample):
    report = curves_first.ingest(sample.archive, replace=True)

    counts = {}
    for file in report.files:
        for source, points in file.places.items():
            counts[source] = counts.get(source, 0) + points
    assert {"catalogue": 165, "observation": 239, "target": 100} == counts


def test_a_database_without_names_registers_them_or_says_how(curves_first, monkeypatch):
    with curves_first.store.transaction() as tx:
        tx.delete("cross.names", [Clause("name", (NotNull(),))])
    registering._complete.clear()
    with monkeypatch.context() as patch:
        patch.setattr(registering, "SMALL", 10)
        with pytest.raises(QueryError, match="orbital names rebuild"):
            curves_first.names.find("SIM AGN 1")

    assert 4 == len(curves_first.names.find("sim agn 1"))
    assert "SIM AGN 1" in curves_first.names.complete("agn")


def test_points_are_found_by_the_place_that_they_were_given(stocked):
    ra, dec = stocked.objects.position("SIM AGN 1")

    near = stocked.cone("swift.photometry", ra=ra, dec=dec, radius_arcmin=0.1)

    assert 100 == len(near.filter(near["object"] == "SIM AGN 1"))
    assert "swift.photometry" in stocked.known_at((ra, dec)).tables
