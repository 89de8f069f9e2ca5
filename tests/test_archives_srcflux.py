"""CIAO srcflux summaries: bounds, limits, bands, and numbers that repeat."""

import json

import pytest
from archive_files import rows_of

from orbital_kernel.errors import ArchiveError

ONE = """

Summary of source fluxes

      Position                               0.3 - 10.0 keV                          0.5 - 7.0 keV
                                             Value        90% Conf Interval          Value        90% Conf Interval
#0001|13 9 48.05 -23 22 52.8  Rate           0.000459 c/s (0.000377,0.000551)        0.000468 c/s (0.000387,0.000559)
                              Flux           NAN erg/cm2/s (NAN,NAN)                 7.49E-15 erg/cm2/s (6.2E-15,8.95E-15)
                              Mod.Flux       6.94E-15 erg/cm2/s (5.7E-15,8.33E-15)   5.54E-15 erg/cm2/s (4.59E-15,6.62E-15)
                              Unabs Mod.Flux 7.75E-15 erg/cm2/s (6.37E-15,9.31E-15)  6E-15 erg/cm2/s (4.97E-15,7.17E-15)
#0002|13 9 50.05 -23 22 52.8  Rate           0 c/s (0,0.0001)                        0 c/s (0,0.0002)
                              Flux           NAN erg/cm2/s (NAN,NAN)                 0 erg/cm2/s (0,1E-15)
                              Mod.Flux       0 erg/cm2/s (0,3E-15)                   0 erg/cm2/s (0,2E-15)
                              Unabs Mod.Flux 0 erg/cm2/s (0,4E-15)                   0 erg/cm2/s (0,3E-15)
"""  # fmt: skip


def summary(tmp_path, text=ONE, name="a.txt"):
    (tmp_path / name).write_text(text)
    tables, account = rows_of(tmp_path / name)
    return tables["sources"], account


def test_a_source_has_the_flux_of_the_broadest_band_with_its_bounds(tmp_path):
    rows = summary(tmp_path)[0].slice(0, 1).to_pylist()[0]

    assert (6.94e-15, 5.7e-15, 8.33e-15) == (
        rows["flux"],
        rows["flux_low"],
        rows["flux_high"],
    )
    assert ("erg / (cm2 s)", "0.3-10 keV", 10.0) == (
        rows["flux_unit"],
        rows["band"],
        rows["band_high_kev"],
    )
    assert (197.4502083, -23.3813333) == pytest.approx((rows["ra"], rows["dec"]))
    others = json.loads(rows["extra"])
    assert 0.9 == others["confidence"]
    assert 7.49e-15 == others["Flux 0.5-7 keV"]
    assert 0.000468 == others["Rate 0.5-7 keV"]


def test_a_source_that_is_not_detected_is_a_limit(tmp_path):
    rows = summary(tmp_path)[0]

    assert [False, True] == rows["is_limit"].to_pylist()
    assert [6.94e-15, None] == rows["flux"].to_pylist()
    assert [8.33e-15, 3e-15] == rows["flux_high"].to_pylist()


def test_equal_numbers_of_two_summaries_are_two_sources(tmp_path):
    names = [
        summary(tmp_path, name=name)[0]["source_id"][0].as_py()
        for name in ("epoch_0_flux_summary.txt", "epoch_1_flux_summary.txt")
    ]

    assert 2 == len(set(names))


@pytest.mark.parametrize("name", ["flux_summary.txt", "src_summary.txt"])
def test_summaries_of_one_name_in_two_folders_are_two_lists(tmp_path, name):
    ids = []
    for folder in ("11000", "11001"):
        (tmp_path / folder).mkdir()
        ids += summary(tmp_path / folder, name=name)[0]["source_id"].to_pylist()

    assert len(ids) == len({*ids})
    assert all(folder in " ".join(ids) for folder in ("11000", "11001"))


def test_a_summary_that_is_cut_short_is_refused(tmp_path):
    cut = ONE[: ONE.index("(6.37E-15,9.31") + 8]

    with pytest.raises(ArchiveError, match="cut short"):
        summary(tmp_path, cut)


def test_archive_every_epoch_of_gw170817_is_a_source_of_chandra(archive):
    epochs = sorted((archive / "joint/GW170817").glob("epoch_*_flux_summary.txt"))
    rows = {path.stem: rows_of(path)[0]["sources"].to_pylist() for path in epochs}

    assert 12 == len(rows)
    assert {1} == {len(sources) for sources in rows.values()}
    assert 2.08e-14 == rows["epoch_0_flux_summary"][0]["flux"]
    assert 2 == json.loads(rows["epoch_0_flux_summary"][0]["extra"])["observations"]
    assert 0.0 == rows["epoch_10_flux_summary"][0]["flux_low"]
