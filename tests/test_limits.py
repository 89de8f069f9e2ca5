"""The one rule of upper limits: names, flags, signs and zeros of errors."""

import math

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from orbital_kernel.archives import limits
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import ArchiveError


def test_names_of_ukssdc_blocks_say_limits_and_ordinary_names_do_not():
    limited = (
        *("PCUL", "WTUL", "PC_UL", "UL", "PC UL", "xrtpcul", "PCUL_incbad", "WTSLEWUL"),
        *(
            "PC Upper limit",
            "PC data upper limit(s)",
            "UpperLimits",
            "upper_lim",
            "ULs",
        ),
    )
    plain = ("PC", "WT", "WTSLEW", "PC data", "NGC 925 ULX-3", "null", "PULSAR", "full")

    assert [limits.names_limits(name) for name in limited] == [True] * len(limited)
    assert [limits.names_limits(name) for name in (*plain, None)] == [False] * 9


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("True", "False"),
        ("T", "F"),
        ("t", "f"),
        ("YES", "no"),
        ("1", "0"),
        ("1.0", "0.0"),
        (" 1 ", "0e0"),
        (True, False),
        (np.True_, np.False_),
        (1.0, 0.0),
        (np.int16(1), np.int16(0)),
        (b"T", b"F"),
        ("<", "="),
    ],
)
def test_a_flag_is_understood_in_every_spelling(yes, no):
    assert limits.flags([yes, no, "", None]) == [True, False, None, None]


def test_equals_compares_by_meaning_and_other_words_by_text():
    assert limits.flags(["True", "T", "1.0", "no", "0"], "1") == [
        *(True, True, True, False, False)
    ]
    assert limits.flags(["ul", "UL ", "det", ""], "UL") == [True, True, False, None]
    assert limits.flags(["False", "1"], 0) == [True, False]
    assert limits.flags(["3.0", "4"], "3") == [True, False]


def test_a_flag_of_no_known_spelling_is_refused_by_name():
    with pytest.raises(ArchiveError, match="'maybe'"):
        limits.flags(["1", "maybe"])


def test_logical_columns_of_fits_and_masked_columns_are_flags(tmp_path):
    path = tmp_path / "flags.fits"
    Table({"ul": [True, False, True]}).write(path)

    assert limits.flags(fits.getdata(path)["ul"]) == [True, False, True]
    assert limits.flags(MaskedColumn([True, False], mask=[False, True])) == [True, None]


def decide(value, plus, minus=None, **options):
    account = Account("swift")
    answer = limits.measured(value, plus, minus, account=account, **options)
    errors = [
        (None if math.isnan(a) else a, None if math.isnan(b) else b)
        for a, b in zip(answer.plus, answer.minus, strict=True)
    ]
    return errors, answer.is_limit.tolist(), account.noted


def test_two_errors_of_zero_are_a_value_without_errors():
    assert decide([3.0, 4.0], [0.0, 1.0]) == (
        [(None, None), (1.0, 1.0)],
        [False, False],
        {"values with two errors of 0, kept without errors": 1},
    )


def test_two_errors_of_zero_are_a_limit_where_ukssdc_writes_them():
    errors, is_limit, noted = decide(
        [3.0, 4.0], [0.0, 1.0], [0.0, -2.0], coding=limits.UKSSDC
    )

    assert errors == [(None, None), (1.0, 2.0)]
    assert is_limit == [True, False]
    assert noted == {"upper limits marked by two errors of 0": 1}


def test_a_value_of_zero_with_two_errors_of_zero_is_no_data_of_ukssdc():
    account = Account("swift")
    answer = limits.measured(
        [0.0, 2.0], [0.0, 0.0], account=account, coding=limits.UKSSDC
    )

    assert [math.isnan(value) for value in answer.value] == [True, False]
    assert answer.is_limit.tolist() == [False, True]


def test_a_negative_error_is_a_limit_in_any_column():
    nan = math.nan
    assert decide([5.0, 6.0], [-1.0, 2.0])[1] == [True, False]
    assert decide([5.0, 6.0], [-1.0, 2.0], [-1.0, 3.0])[1] == [True, False]
    assert decide([5.0, 6.0], [1.0, 2.0], [-1.0, 3.0])[1] == [True, False]
    assert decide([5.0, 6.0], [nan, 2.0], [-99.0, 3.0])[1] == [True, False]
    assert decide([5.0, 6.0], [-99.0, 2.0], [-99.0, -3.0]) == (
        [(None, None), (2.0, 3.0)],
        [True, False],
        {"upper limits marked by a negative error": 1},
    )


def test_the_sign_of_a_lower_error_is_no_limit_in_either_order():
    assert decide([5.0, 6.0], [1.0, 2.0], [-0.5, -0.7])[:2] == (
        [(1.0, 0.5), (2.0, 0.7)],
        [False, False],
    )
    assert decide([5.0], [-0.5], [1.0])[:2] == ([(1.0, 0.5)], [False])


def test_a_flag_that_says_no_precedes_the_errors():
    assert decide([5.0, 6.0, 7.0], [-1.0, 0.0, 0.0], flagged=[False, True, None]) == (
        [(None, None)] * 3,
        [False, True, False],
        {
            "values with two errors of 0, kept without errors": 1,
            "values with a negative error, kept without it": 1,
        },
    )


def test_a_value_that_is_absent_is_no_limit_and_has_no_errors():
    assert decide([math.nan], [0.0], coding=limits.UKSSDC, flagged=True) == (
        [(None, None)],
        [False],
        {},
    )


def test_an_error_of_zero_on_one_side_is_none_there():
    assert decide([5.0], [1.0], [0.0]) == (
        [(1.0, None)],
        [False],
        {"values with an error of 0 on one side, kept without it": 1},
    )


def test_a_rate_of_no_counts_has_no_error_and_is_counted():
    account = Account("fermi")
    error = limits.poisson_error(np.array([0.0, 9.0, math.nan]), np.array([2.0] * 3))
    limits.note_empty(account, np.array([0.0, 9.0, math.nan]))

    assert [None if math.isnan(e) else e for e in error] == [None, 1.5, None]
    assert account.noted == {"bins of 0 counts: rate without an error": 1}


def test_a_lower_error_written_first_in_some_rows_is_put_right_and_counted():
    assert decide([5.0, 6.0, 7.0], [1.0, -0.5, -99.0], [-2.0, 0.7, -99.0]) == (
        [(1.0, 2.0), (0.7, 0.5), (None, None)],
        [False, False, True],
        {
            "points with the lower error first": 1,
            "upper limits marked by a negative error": 1,
        },
    )


def test_among_other_codes_one_spelling_of_no_is_not_another():
    assert limits.flags(["n", "f", "x"], "n") == [True, False, False]
    assert limits.flags(["u", "l", "d", ""], ["u", "l"]) == [True, True, False, None]
