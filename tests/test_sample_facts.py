"""The tables of facts: sources named, values plausible, and as the archive has them."""

import csv
from pathlib import Path

import polars as pl
import pytest

from orbital_kernel.errors import ConfigError
from orbital_kernel.sample import facts

TABLES = ("bursts", "observations", "fluxes", "csc_columns")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_names_its_source(name: str) -> None:
    table = facts.table(name)
    header = facts.source(name) + " ".join(table.columns)
    assert "ource" in header
    assert len(table) > 20


def test_fluxes_name_their_source_row_by_row_and_their_band() -> None:
    fluxes = facts.table("fluxes")
    assert set(fluxes["observatory"]) == {"swift", "chandra"}
    assert fluxes["source"].str.len_chars().min() > 10
    assert (fluxes["band_low_kev"] < fluxes["band_high_kev"]).all()
    assert fluxes["flux_erg_cm2_s"].is_between(1e-16, 1e-9).all()


def test_one_real_burst_has_fluxes_of_both_observatories() -> None:
    seen = (
        facts.table("fluxes").group_by("object").agg(pl.col("observatory").n_unique())
    )
    assert "GRB 130427A" in seen.filter(pl.col("observatory") == 2)["object"].to_list()


def test_ids_keep_their_zeros() -> None:
    swift = facts.table("observations").filter(pl.col("observatory") == "swift")
    assert set(swift["obs_id"].str.len_chars()) == {11}
    assert swift["obs_id"].str.starts_with("00").all()


def test_positions_and_durations_are_possible() -> None:
    for name in ("bursts", "observations"):
        table = facts.table(name)
        assert table["ra_deg"].is_between(0, 360).all()
        assert table["dec_deg"].is_between(-90, 90).all()
    assert (facts.table("bursts")["t90_s"] > 0).all()


def test_bursts_are_as_the_bat_catalogue_has_them(archive: Path) -> None:
    path = archive / "swift_bat" / "catalogs" / "bat_catalog_summary_general.txt"
    text = path.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.split("|")] for line in text if line[0] != "#"
    ]
    published = {row[0]: row for row in rows}
    for burst in facts.table("bursts").iter_rows(named=True):
        row = published[burst["name"].replace(" ", "")]
        assert burst["trigger_id"] == row[1]
        assert burst["trigger_met_s"] == float(row[2])
        assert burst["trigger_utc"] == row[3]
        assert burst["ra_deg"] == pytest.approx(float(row[4]), abs=1e-4)
        assert burst["t90_s"] == pytest.approx(float(row[8]), abs=1e-3)


def test_chandra_pointings_are_as_chanmaster_has_them(archive: Path) -> None:
    path = archive / "chandra" / "obs_logs" / "chanmaster_2011-08.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        log = {
            row["obsid"].strip(): row for row in csv.DictReader(file, delimiter="\t")
        }
    seen = facts.table("observations").filter(pl.col("observatory") == "chandra")
    for row in seen.iter_rows(named=True):
        entry = log[row["obs_id"]]
        assert row["object"] == entry["name"]
        assert row["exposure_s"] == float(entry["exposure"])


def test_an_unknown_table_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="there are bursts"):
        facts.table("galaxies")
