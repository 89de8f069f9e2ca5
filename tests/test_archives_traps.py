"""Which test fails where a trap of the formats is read naively; and some traps more.

A trap is something that real files of these observatories do and a plain reading gets
wrong without an error. Each is held by a test that names what is right.
"""

import importlib

import numpy as np
import pytest
from archive_files import bat_lightcurve, rows_of

TRAPS = {
    # time
    "Swift's TIME is the raw clock": "bat::time_follows_the_correction_and_not_mjdref",
    "a corrected or barycentred clock": "variants::corrected_and_barycentred_clocks_are_not_corrected_again",
    "no correction in the header": "bat::a_file_without_a_correction_is_refused_rather_than_read_as_tt",
    "UTCFINIT 0 in messages": "bat::a_correction_of_zero_in_a_tdrss_table_yields_to_the_primary_header",
    "Chandra counts from 1998 TT": "chandra::time_is_the_middle_of_the_bin_on_chandras_clock",
    "TDB after barycentring": "chandra::barycentred_times_leave_tdb",
    "leap seconds of the GBM clock": "fermi::time_is_met_less_the_leap_seconds_which_date_obs_leaves_out",
    "ObsIDs are text with zeros": "bat::identity_keeps_its_zeros_and_the_series_is_the_files_stem",
    "ObsIDs that became numbers": "bat::a_numeric_obs_id_gets_its_zeros_back",
    "TIMEPIXR 0.5": "bat::centred_bins_are_moved_to_their_start",
    "TIMEDEL is a column": "bat::tdrss_bins_have_each_their_own_width",
    "TIMEDEL is a column of BAT's too": "variants::bins_of_equal_signal_have_each_their_own_width",
    "TRIGTIME differs from the catalogue": "traps::the_headers_trigger_time_moves_no_bin",
    "T0 in a comment": "xrt::t0_in_the_comment_gives_absolute_times_and_the_correction",
    "no T0 at all": "xrt::without_t0_no_absolute_time_is_claimed",
    "days or seconds, not stated": "xrt::symmetric_files_of_unknown_time_unit_claim_no_seconds",
    "MJD in a QDP file": "xrt::columns_headed_mjd_are_dates",
    "m/d/yyyy": "catalogs::american_dates_are_not_read_day_first",
    "dd/mm/yyyy": "catalogs::swift_log_days_are_day_first_and_obs_ids_get_their_zeros_back",
    "the other country's dates": "catalogs::dates_of_the_other_country_are_refused_not_guessed",
    "ChaSeR's dates and ks": "variants::chasers_exposure_is_in_ks_and_its_dates_are_american",
    "MJD 0 for not yet": "variants::logs_as_w3browse_prints_them_are_read_like_any_other",
    "a date only in the name": "catalogs::the_date_comes_from_the_name_and_the_fluence_has_its_power",
    "no time of day": "catalogs::bursts_without_time_of_day_have_no_time",
    "dates without dashes": "catalogs::bat_catalogue_copes_with_absent_infinite_and_undashed_values",
    "free intervals": "variants::free_dates_are_instants_or_intervals",
    # values
    "rates a detector, counts of the array": "bat::mask_weighted_rates_are_per_detector_and_raw_ones_are_not",
    "negative net rates": "traps::negative_rates_are_rates",
    "bands in EBOUNDS": "bat::four_channels_give_a_row_a_bin_and_channel_with_its_band",
    "0 with error 0 is no data": "bat::rate_and_error_of_zero_mean_missing_data_not_zero_flux",
    "zero-filled raw bins": "bat::zero_filled_bins_of_the_array_are_missing_but_a_silent_channel_is_not",
    "counts shifted by TZERO": "bat::raw_counts_shifted_by_tzero_are_counts",
    "UTF-8 and latin-1 in one file": "catalogs::one_file_may_mix_utf8_and_latin1",
    "inch signs": "catalogs::inch_signs_do_not_swallow_rows_and_short_rows_are_whole",
    "'>300', '1.26, PL'": "catalogs::numbers_with_marks_keep_both",
    "hours in a degree column": "catalogs::the_better_position_wins_and_hours_are_not_degrees",
    "redshifts are text": "catalogs::a_redshift_is_a_number_where_measurements_agree_within_a_percent",
    "redshifts of the BAT catalogue": "traps::two_redshifts_are_none",
    "minus errors": "xrt::minus_errors_lose_their_sign_and_keep_their_side",
    "TERR beside SERR": "variants::errors_may_be_symmetric_in_time_and_not_in_flux",
    "NO in any number": "xrt::breaks_of_any_number_of_no_part_modes",
    "limits in a block": "xrt::the_upper_limit_block_holds_limits_and_not_exact_values",
    "::ObsID=": "xrt::rows_name_their_obs_id_with_its_zeros",
    "rows keyed by text": "xrt::json_rows_go_by_number_and_missing_cells_are_null",
    "a flux named count rate": "xrt::a_file_named_count_rate_holding_fluxes_is_a_flux",
    "seven ways to code a limit": "declared::every_way_to_code_a_limit_is_understood",
    "flux 0 beside a limit": "catalogs::an_upper_limit_of_the_csc_is_not_a_flux_of_zero",
    "a limit in the error column": "catalogs::a_limit_in_the_error_column_is_a_limit",
    "units and bands of published tables": "declared::units_times_and_ids_come_out_as_orbital_keeps_them",
    "-999": "catalogs::minus_999_is_missing",
    "VizieR's names": "catalogs::vizier_names_and_blank_bands_are_understood",
    "two columns of one name": "catalogs::the_second_of_two_columns_is_the_observations",
    "padded text, hours, booleans": "traps::padded_cells_of_a_view_are_what_they_hold",
    "#Column headers and NaN": "traps::a_table_under_pages_of_columns_is_a_table",
    "0.056±0.152": "traps::values_with_their_errors_in_one_cell_stay_text",
    "rows planned or without a place": "catalogs::planned_rows_have_no_start_and_placeless_rows_no_place",
    "bins without exposure": "chandra::bins_without_exposure_are_gaps_and_not_zero_rates",
    "a GTI extension a chip": "chandra::every_chips_good_times_become_intervals",
    "nulls are numbers, bits a column": "chandra::null_channels_are_null_and_bits_one_number",
    "AXAF": "chandra::missions_old_name_is_chandra",
    "the target is not the source": "chandra::band_and_place_come_from_the_data_subspace_and_not_from_the_target",
    "LUM -inf, REDSHIFT 0": "catalogs::units_hidden_in_tunit_are_applied_and_unknown_redshifts_are_absent",
    "endings tell nothing": "detect::names_do_not_decide",
    # notices and records
    "ids of three kinds": "notices::ids_of_every_schema_version_are_one_text",
    "longitude -325": "notices::absent_positions_are_null_and_wild_longitudes_do_no_harm",
    "FITS inside": "notices::light_curves_inside_a_notice_are_read_and_not_kept_as_text",
    "place holders": "notices::place_holders_are_not_files",
    "role test": "notices::an_event_keeps_its_role_so_that_a_test_is_not_a_burst",
    "values in groups": "variants::a_notice_in_groups_is_the_same_notice",
    "OTTER's coordinates": "notices::otter_hours_are_not_degrees",
    "OTTER's units, limits, dates": "notices::otter_limits_errors_bands_and_dates_of_every_shape",
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_has_a_test(trap):
    module, _, name = TRAPS[trap].partition("::")

    assert hasattr(importlib.import_module(f"test_archives_{module}"), f"test_{name}")


def sources(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    return rows_of(path)[0]["sources"]


def test_the_headers_trigger_time_moves_no_bin(tmp_path):
    plain = bat_lightcurve(tmp_path / "a.lc", np.ones(3), np.ones(3))
    other = bat_lightcurve(
        tmp_path / "b.lc", np.ones(3), np.ones(3), TRIGTIME=388741629.288
    )

    times = [rows_of(path)[0]["rates"]["time"] for path in (plain, other)]

    assert times[0].equals(times[1])


def test_negative_rates_are_rates(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.array([-0.3, 0.1]), np.ones(2))

    assert rows_of(path)[0]["rates"]["rate"].to_pylist() == [-0.3, 0.1]


def test_two_redshifts_are_none(tmp_path):
    path = tmp_path / "redshifts.txt"
    path.write_text(
        "## GRBname | z | Method | Ref.\nGRB220101A | 4.61 | absorption | GCN |\n"
        "GRB161219B | 0.076 or 0.459 | | |\nGRB050904 | 0.228? | N/A | |\n"
    )

    bursts = rows_of(path)[0]["grbs"]

    assert bursts["redshift"].to_pylist() == [4.61, None, None]
    assert bursts["redshift_text"].to_pylist()[1] == "0.076 or 0.459"


def test_padded_cells_of_a_view_are_what_they_hold(tmp_path):
    rows = sources(
        tmp_path,
        "view.csv",
        "name,ra,dec,err_ellipse_r0,significance,extent_flag,var_flag,flux_aper90_b\n"
        "2CXO J110507.4-585105, 11 05 07.45,-58 51 05.47,   0.77,     2.81, TRUE,False,"
        "         \n",
    )

    assert rows["ra"].to_pylist() == [pytest.approx(166.281042, abs=1e-5)]
    assert rows["significance"].to_pylist() == [2.81]
    assert rows["flux"].to_pylist() == [None]
    assert '"extent_flag": "TRUE"' in rows["extra"].to_pylist()[0]


def test_a_table_under_pages_of_columns_is_a_table(tmp_path):
    pages = "".join(f"#Column\tcolumn{n}\t(F8)\tabout it\n" for n in range(300))
    rows = sources(
        tmp_path,
        "search.tsv",
        f"{pages}name\tra\tdec\tobsid\tflux_aper_b\tflux_aper_lolim_b\tflux_aper_hilim_b\n"
        "2CXO J010337.5-720133\t15.906\t-72.026\t 1541\tNaN\tNaN\t3e-15\n",
    )

    assert rows["obs_id"].to_pylist() == ["1541"]
    assert rows["is_limit"].to_pylist() == [True]
    assert rows["flux_high"].to_pylist() == [3e-15]


def test_values_with_their_errors_in_one_cell_stay_text(tmp_path):
    rows = sources(
        tmp_path,
        "classes.csv",
        "name,master_class,QSO,ra,dec,hard_hm\n"
        "2CXO J004231.1+411621,HMXB,0.056±0.152,10.6297,41.2726,-0.05\n",
    )

    assert rows["kind"].to_pylist() == ["HMXB"]
    assert '"QSO": "0.056±0.152"' in rows["extra"].to_pylist()[0]
