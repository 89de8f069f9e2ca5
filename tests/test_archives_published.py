"""Tables of publications are read without options, by mappings that come with Orbital."""
# ruff: noqa: RUF001  published tables have long lines, and dashes where signs should be

import json
import tomllib

import pytest
from archive_files import rows_of

from orbital_kernel.archives import detect, open_source, readers
from orbital_kernel.archives.mapped.published import FOLDER, published
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso

XRAY = """time\tinstrument\tflux\tflux_limit\tdflux\ttime_unit\tflux_units\tdtime\ttime_frame\tenergy_range
1380000.0\tXMM–Newton\t8.4994e-13\t0\t8.5e-16\tseconds\terg/cm^2/sec\tNaN\tobserver\t0.3–10keV
25060000.0\tChandra\t1.674e-14\t0\t3.16e-15\tseconds\terg/cm^2/sec\tNaN\tobserver\t0.3–10keV
36310000.0\tSwift\t1.212e-14\t1\t2.11e-15\tseconds\terg/cm^2/sec\tNaN\tobserver\t0.3–10keV
"""
TDECAT = """"TDE_name","mjd_start","mjd_stop","inst","src_flux","src_flux_errinf","src_flux_errsup","src_flux_UL","src_flux_SNR"
"AT_2019azh",58544.75,58544.75,"xrt",0,1.241e-14,1.241e-14,1.489e-13,0
"AT_2019azh",58553.25,58553.75,"xrt",4.308e-13,1.6e-13,1.7e-13,1.106e-12,2.5
"AT_2019azh",58579.73,58579.73,"xmm",1.0e-13,4.5e-15,4.5e-15,1.669e-13,21.8
"AT_2019azh",58580.00,58580.00,"chandra",2.0e-13,4.5e-15,4.5e-15,1.669e-13,21.8
"""
UVOT = """"TDE_name","mjd","mag_w2_src","magerr_w2_src","mag_m2_src","magerr_m2_src","mag_w1_src","magerr_w1_src","mag_uu_src","magerr_uu_src","mag_bb_src","magerr_bb_src","mag_vv_src","magerr_vv_src"
"AT_2018dyb",58317.5,12.8,0.026,13.5,0.026,14.1,0.029,14.0,0.031,14.7,0.030,13.4,0.041
"AT_2018dyb",58334.5,,,12.4,0.024,,,,,,,,
"""
SDS82 = """RA;DEC;NH;ENERGY_SLOPE;ENERGY_SLOPE_ERROR;EXPOSURE_TIME;nufnu_3keV(erg.s-1.cm-2);nufnu_error_3keV(erg.s-1.cm-2);nufnu_0.5keV(erg.s-1.cm-2);nufnu_error_0.5keV(erg.s-1.cm-2);upper_limit_0.5keV(erg.s-1.cm-2);nufnu_1.5keV(erg.s-1.cm-2);nufnu_error_1.5keV(erg.s-1.cm-2);upper_limit_1.5keV(erg.s-1.cm-2);nufnu_4.5keV(erg.s-1.cm-2);nufnu_error_4.5keV(erg.s-1.cm-2);upper_limit_4.5keV(erg.s-1.cm-2)
00:56:24.480;-01:16:38.317;3.54E+20;0.8;-999/-999;4572.8;7.96961e-14;2.1177e-14;2.24733e-14;1.55274e-14;-9.990E+02;1.08826e-13;4.02727e-14;-9.990E+02;9.37007e-14;4.60196e-14;-9.990E+02
00:56:03.046;-01:14:21.755;3.50E+20;0.8;-999/-999;4647.6;4.98576e-14;1.833e-14;2.6059e-14;1.82387e-14;-9.990E+02;9.03828e-14;4.07188e-14;-9.990E+02;9.53659e-14;-7.00681e-11;1.80214e-13
"""
MATCHES = """name_cat,ra_cat,dec_cat,e_Pos,Class,SubClass,ref,sep,name,ra,dec,r0,PU
SDSS J00001+1356,0.039167,13.938333,,AGN,Q,2010A&A,0.604358,2CXO J000009.3+135618,0.0391148,13.9384931,0.79,0.79
2MASS J0000,0.039167,13.938333,,AGN,Q,2010A&A,0.704358,2CXO J000009.3+135618,0.0391148,13.9384931,0.79,0.79
"""
SN2010JL = """2010 Nov 5–20 Swift-XRT 43.55 ± 7.53 (4.67 ± 0.81) × 10−13 (29.54 ± 7.95) × 10−13 (8.49 ± 2.29) × 1041
2010 Nov 22.03 Chandra 53.03 (7.07 ± 1.15) × 10−13 (30.56 ± 4.95) × 10−13 (8.78 ± 1.42) × 1041
2012 Oct 5–Nov 1 NuSTAR, XMM 750.31 ± 13.33 (3.64 ± 0.17) × 10−13 (4.00 ± 0.18) × 10−13 (1.15 ± 0.06) × 1041
"""
VILLAR = r"""MJD & Phase & Instrument & Telescope & Filter & AB Mag & 1sig Error & DMag & Ref & Note \\
57982.981 & 0.452 &  E2V 4kx4k ccd & Swope & i & 17.48 & 0.02& 0 & \citeauthor{SwopeDiscovery}&*\\
57983.156 & 0.627 & UVOT & Swift & M2 & 21.12 & 0.22 & 0 & \citeauthor{evans2017swift}&*\\
57983.575 & 1.046 & UVOT & Swift & W2 & $>$21.45 & - & 0 & \citeauthor{evans2017swift}&*\\
57984.309 & 1.780 & Tripol5 & B\&C & g & 18.80 & 0.07 & 0 & \citeauthor{utsumi2017j}&*\\
"""


def read(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert "published-table" == detect(tmp_path / name).name
    return rows_of(tmp_path / name)


def column(table, name):
    return table[name].to_pylist()


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem
)
def test_a_mapping_that_comes_with_orbital_is_valid_and_says_whose_table_it_is(path):
    mapping = next(m for m in published() if m.name == path.stem)
    content = tomllib.loads(path.read_text(encoding="utf-8"))

    if not mapping.match.refuse:
        assert mapping.mapping({}).table == content["table"]
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert content["match"].get("columns") or content["match"].get("line")


def test_rows_of_a_burst_keep_their_time_since_a_date_that_the_table_does_not_give(
    tmp_path,
):
    tables, account = read(tmp_path, "GRB130427A-SN2013cq_Xray1.txt", XRAY)

    chandra, swift = tables["chandra.photometry"], tables["swift.photometry"]
    assert ["GRB 130427A"] == column(chandra, "object")
    assert [25060000.0] == column(chandra, "since_t0_s")
    assert [None] == column(chandra, "time")
    assert [True] == column(swift, "is_limit")
    assert [10.0] == column(swift, "band_high_kev")
    assert {"rows of XMM–Newton": 1} == account.skipped
    assert any("grbsn-xray.toml" in text for text in account.understood)
    assert any("t0" in text for text in account.understood)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("flux_limit\t", "limit\t"),
        ("\tdtime", "\tnew"),
        ("seconds", "days"),
        ("observer", "rest"),
    ],
)
def test_a_table_that_differs_is_left_to_a_mapping_of_its_own(tmp_path, old, new):
    path = tmp_path / "GRB130427A-SN2013cq_Xray1.txt"
    path.write_text(XRAY.replace(old, new), encoding="utf-8")

    with pytest.raises(ArchiveError, match="needs a mapping"):
        detect(path)


def test_a_table_of_other_telescopes_only_is_refused_with_their_names(tmp_path):
    path = tmp_path / "target_AT2019dsg_photometry.csv"
    path.write_text(
        "MJD;Magnitude;Error;Facility;Filter;Observer\n57222.4;16.3;0.02;ATLAS;ATLAS(o);A\n"
    )

    with pytest.raises(
        ArchiveError, match="no row is of an observatory in Orbital: 1 rows of ATLAS"
    ):
        rows_of(path)


def test_tidal_disruption_curves_have_limits_where_the_flux_is_zero(tmp_path):
    tables, account = read(tmp_path, "AT2019azh_xray_lightcurve.csv", TDECAT)
    swift = tables["swift.photometry"]

    assert [1.489e-13, 4.308e-13] == column(swift, "value")
    assert [True, False] == column(swift, "is_limit")
    assert [None, 1.7e-13] == column(swift, "value_err_plus")
    assert [None, 1.6e-13] == column(swift, "value_err_minus")
    assert "2019-03-11T12:00:00.000" == to_utc_iso(swift["time"].to_numpy())[1]
    assert 21_600.0 == pytest.approx(column(swift, "time_err_plus_s")[1])
    assert 1 == len(tables["chandra.photometry"])
    assert {"rows of xmm": 1} == account.skipped


def test_every_filter_of_a_row_is_a_point_and_a_blank_is_none(tmp_path):
    swift = read(tmp_path, "AT_2018dyb_uvot_lightcurve.csv", UVOT)[0][
        "swift.photometry"
    ]
    points = {
        (band, value)
        for band, value in zip(
            column(swift, "band"), column(swift, "value"), strict=True
        )
        if value is not None
    }

    assert {
        ("UVW2", 12.8),
        ("UVM2", 13.5),
        ("UVM2", 12.4),
        ("UVW1", 14.1),
        ("U", 14.0),
        ("B", 14.7),
        ("V", 13.4),
    } == points
    assert {"mag(Vega)"} == set(column(swift, "unit"))


def test_stripe_82_fluxes_have_no_value_where_the_code_says_so(tmp_path):
    sources = read(tmp_path, "table_flux_detections.csv", SDS82)[0]["swift.sources"]

    assert [7.96961e-14, 4.98576e-14] == column(sources, "flux")
    assert [14.102, 14.0126917] == pytest.approx(column(sources, "ra"), abs=1e-6)
    assert {"erg / (cm2 s)"} == set(column(sources, "flux_unit"))
    assert 2 == len(set(column(sources, "source_id")))
    assert {"sds82-fluxes"} == set(column(sources, "catalog"))
    assert "-9" not in str(
        json.loads(column(sources, "extra")[0]).get("upper_limit_0.5keV(erg.s-1.cm-2)")
    )


def test_a_source_with_two_matches_keeps_both_rows(tmp_path):
    sources = read(tmp_path, "CSC_TD.csv", MATCHES)[0]["chandra.sources"]

    assert 2 == len(set(column(sources, "source_id")))
    assert ["AGN", "AGN"] == column(sources, "kind")
    assert [0.79, 0.79] == column(sources, "error_radius_arcsec")


def test_a_table_copied_from_a_page_has_values_errors_and_days(tmp_path):
    tables, account = read(tmp_path, "Chandra2015_tab5.txt", SN2010JL)
    swift, chandra = tables["swift.photometry"], tables["chandra.photometry"]

    assert [4.67e-13] == column(swift, "value")
    assert [8.1e-14] == column(swift, "value_err_plus")
    assert [8 * 86_400.0] == column(swift, "time_err_plus_s")
    assert [7.07e-13] == column(chandra, "value")
    assert {"rows of NuSTAR, XMM": 1} == account.skipped


def test_magnitudes_fainter_than_a_bound_are_limits(tmp_path):
    swift = read(tmp_path, "GW170817_Villar_uvoir.dat", VILLAR)[0]["swift.photometry"]

    assert [21.12, 21.45] == column(swift, "value")
    assert [False, True] == column(swift, "is_limit")
    assert [0.22, None] == column(swift, "value_err_plus")
    assert ["UVM2", "UVW2"] == column(swift, "band")


JOINT = [
    ("GRB130427A-SN2013cq/GRB130427A-SN2013cq_Xray_Master.txt", {"chandra.photometry": 2}),
    ("GRB130427A-SN2013cq/GRB130427A-SN2013cq_Xray1.txt", {"chandra.photometry": 2}),
    ("GRB130427A-SN2013cq/GRB130427A-SN2013cq_Optical_Master.txt", {"swift.photometry": 123}),
    ("GRB130427A-SN2013cq/GRB130427Axrtlc.txt", {"swift.photometry": 1657}),
    ("NGC925_ULX/NGC925_ULX_chandra.txt", {"chandra.photometry": 2}),
    ("NGC925_ULX/NGC925_ULX_swift.txt", {"swift.photometry": 18}),
    ("SN2010jl/Chandra2015_tab5.txt", {"chandra.photometry": 5, "swift.photometry": 9}),
    ("GW170817/GRB170817A_chandra_flux.csv", {"chandra.photometry": 7}),
    ("GW170817/GW170817_Villar_uvoir.dat", {"swift.photometry": 32}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "counts"), JOINT)
def test_archive_joint_tables_are_read_without_options(archive, name, counts):
    tables, account = rows_of(archive / "joint" / name)

    assert counts == {table: len(rows) for table, rows in tables.items()}
    assert any("comes with Orbital" in text for text in account.understood)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("NGC925_ULX/NGC925_ULX_xmm.txt", "points of XMM-Newton"),
        ("GW170817/obsids_epochs.csv", "a list of epochs"),
        ("GRB130427A-SN2013cq/GRB130427A-SN2013cq_Radio_Master.txt", "42 rows of VLA"),
    ],
)
def test_archive_joint_tables_without_rows_of_orbital_say_why(archive, name, reason):
    with pytest.raises(ArchiveError, match=reason):
        rows_of(archive / "joint" / name)


def test_archive_no_other_reader_takes_a_published_table(archive):
    for name, _ in JOINT:
        source = open_source(archive / "joint" / name)

        assert ["published-table"] == [
            r.name for r in readers() if r.recognises(source)
        ]
