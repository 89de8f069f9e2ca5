"""What an ingest brings, compared with all that was known at its place."""

import json

import numpy as np
import polars as pl
import pytest
import requests
from click.testing import CliRunner

from orbital_kernel import connect, embedded
from orbital_kernel.__main__ import cli
from orbital_kernel.ingest import ingest
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions import neighbourhoods as places_of
from orbital_kernel.questions.findings import compare_new
from orbital_kernel.questions.neighbourhoods import Reading, neighbourhoods, reading

KNOWN = 200_000
MAPPING = """
table = "sources"
observatory = "{observatory}"
format = "csv"
[columns]
source_id = "name"
ra = "ra"
dec = "dec"
value = "flux"
value_low = "low"
value_high = "high"
error_radius_arcsec = "error"
[constants]
catalog = "test"
obs_id = "{obs_id}"
error_confidence = 0.9
[unit]
value = "erg / (cm2 s)"
[band]
kev = [0.5, 7.0]
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return a session on a platform of its own, provisioned and empty."""
    folder = tmp_path_factory.mktemp("arrivals")
    session = connect(folder)
    session.storage.apply()
    yield session
    session.flush()
    embedded.stop(folder)


def catalogue(folder, observatory, obs_id, rows):
    """Write (name, ra, dec, flux) as a CSV file and its mapping; return both."""
    mapping = folder / f"{obs_id}.toml"
    mapping.write_text(MAPPING.format(observatory=observatory, obs_id=obs_id))
    table = folder / f"{obs_id}.csv"
    frame = pl.DataFrame(rows, schema=["name", "ra", "dec", "flux"], orient="row")
    frame.with_columns(
        low=0.9 * pl.col("flux"), high=1.1 * pl.col("flux"), error=1.0
    ).write_csv(table)
    return table, mapping


def test_an_ingest_compares_what_it_brings_and_the_alerts_are_sent_once(
    session, tmp_path, monkeypatch
):
    first, mapping = catalogue(
        tmp_path, "chandra", "c1", [("a", 10.0, 5.0, 1e-13), ("b", 10.1, 5.0, 1e-13)]
    )
    report = session.ingest(first, mapping=mapping)
    assert (2, 0) == (report.compared.new, report.compared.compared)

    second, mapping = catalogue(
        tmp_path, "swift", "s1", [("A", 10.0, 5.0, 2e-12), ("B", 10.1, 5.0, 1.1e-13)]
    )
    monkeypatch.setenv("ORBITAL_HOME", str(session.home))
    alerts = tmp_path / "alerts.jsonl"
    command = ["ingest", str(second), "--mapping", str(mapping), "--json"]
    result = CliRunner().invoke(cli, [*command, "--alerts", str(alerts)])
    compared = json.loads(result.stdout)["compared"]

    assert (2, 2, 1, 0) == (
        compared["new"],
        compared["compared"],
        len(compared["alerts"]),
        compared["waiting"],
    )
    (alert,) = map(json.loads, alerts.read_text().splitlines())
    assert compared["alerts"] == [alert["id"]]
    stored = session.findings()
    assert ["A", "B"] == stored["object"].to_list()
    assert [True, False] == stored["alert"].to_list()
    assert session.ingest(second, mapping=mapping).compared is None
    assert alert["id"] in alerts.read_text()
    CliRunner().invoke(cli, ["findings", "--alerts", str(alerts), "--json"])
    assert 1 == len(alerts.read_text().splitlines())


def test_what_one_run_does_not_compare_the_next_does(session, tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    places = [
        (f"n{k}", float(rng.uniform(0, 360)), float(rng.uniform(-60, 60)))
        for k in range(40)
    ]
    first, mapping = catalogue(
        tmp_path, "chandra", "c2", [(*place, 1e-13) for place in places]
    )
    off = session.ingest(first, mapping=mapping, compare=False)
    assert off.compared is None
    assert 0 == session.compare_new().files

    second, mapping = catalogue(
        tmp_path, "swift", "s2", [(*place, 1.1e-13) for place in places]
    )
    ingest([second], session.store, mapping=mapping, compare=True)
    monkeypatch.setattr(places_of, "ROWS_PER_S", 1.0)  # a part of the sky at a time
    asked = iter([False, False, *[True] * 99])
    cut = compare_new(session, stopped=lambda: next(asked))
    assert (0, 1) == (cut.files, cut.waiting)
    assert 1 == cut.new == len(cut.rows)

    rest = session.compare_new()
    assert (1, 0) == (rest.files, rest.waiting)
    assert 40 == len(cut.rows) + len(rest.rows)
    assert 40 == session.findings().filter(pl.col("object").str.starts_with("n")).height
    assert 0 == session.compare_new().files


def test_a_comparison_reads_what_is_near_and_asks_a_set_number_of_times(
    session, tmp_path, monkeypatch
):
    rng = np.random.default_rng(3)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, KNOWN)))
    places = {"ra": rng.uniform(0, 360, KNOWN), "dec": dec}
    known = pl.DataFrame(places | {"healpix": healpix(*places.values())})
    known = known.with_columns(catalog=pl.lit("known"), file_row=pl.int_range(pl.len()))
    session.store.insert("chandra.sources", known.sort("healpix").to_arrow())
    send, requested = requests.Session.send, []

    def counted(http, request, **options):
        requested.append(request.path_url.partition("?")[2].partition("&")[0])
        return send(http, request, **options)

    for obs_id, expected in (("c4", 0), ("s4", 12)):
        name, flux = ("swift", 1.1e-13) if expected else ("chandra", 1e-13)
        field = [(f"f{k}", 200.0 + 0.01 * k, 20.0, flux) for k in range(12)]
        table, mapping = catalogue(tmp_path, name, obs_id, field)
        ingest([table], session.store, mapping=mapping, compare=True)
        with monkeypatch.context() as patch:
            patch.setattr(requests.Session, "send", counted)
            requested.clear()
            comparison = compare_new(session)
        assert expected == len(comparison.rows)

    # The contents due, the ledger, the new rows, six tables near them, findings there, and
    # the contents again, to delete them; written are findings and contents.
    assert 11 == requested.count("data")
    assert 3 == requested.count("rows")
    assert 8 == comparison.how.selects
    assert comparison.how.rows_read < KNOWN / 2  # groups of 65,536 rows


def test_all_new_rows_are_in_one_neighbourhood_each_and_within_its_cone():
    rng = np.random.default_rng(2)
    new = pl.DataFrame(
        {
            "ra": rng.uniform(0, 360, 500),
            "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, 500))),
            "radius_arcsec": 1.0,
        }
    )
    for order in (None, 0, 2, 7):
        parts = list(neighbourhoods(new, Reading(order)))
        assert 500 == sum(len(part.new) for part in parts)
        lows = [part.low for part in parts]
        assert lows == sorted(lows)
        for part in parts:
            cells = healpix(part.new["ra"].to_numpy(), part.new["dec"].to_numpy())
            assert ((cells >= part.low) & (cells < part.high)).all()
            if part.cone:
                assert part.new.select(part.cone.inside.all()).item()


def test_few_new_rows_are_read_by_cones_and_small_tables_whole():
    new = pl.DataFrame(
        {"ra": [1.0, 180.0], "dec": [0.0, 10.0], "radius_arcsec": [1.0, 1.0]}
    )

    assert reading(new, lambda: 100).order is None
    assert 7 == reading(new, lambda: 10_000_000).order
    assert reading(new, lambda: 10_000_000).rows < 1_000
