"""Published notations: numbers with errors and powers, limits, dates, units, headings."""
# ruff: noqa: RUF001  published tables have dashes where signs should be

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_kernel.archives.formats import free_intervals
from orbital_kernel.archives.mapped import headings, notation
from orbital_kernel.archives.mapped.notation import Measured
from orbital_kernel.model.times import tt_from_utc

DIGITS = st.decimals(min_value=0, max_value=999, places=3, allow_nan=False)
VALUES = st.decimals(min_value=-999, max_value=999, places=3, allow_nan=False)
POWERS = st.integers(min_value=-60, max_value=60).filter(bool)
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
TIMES = (
    " × 10{raised}",
    "x10^{power}",
    r" \times 10^{{{power}}}",
    " x 10^{power}",
    "*10**{power}",
)
ERRORS = (
    "{v} ± {a}",
    "{v}±{a}",
    r"{v} \pm {a}",
    "{v}+/-{a}",
)
SIDES = (
    "{v} +{a} -{b}",
    "{v} +{a} −{b}",
    "{v}^{{+{a}}}_{{-{b}}}",
    "{v}_{{-{b}}}^{{+{a}}}",
    "$ {v}^{{+{a}}}_{{−{b}}} $",
)


def written(template, power, **numbers):
    """Return a cell: the template with its numbers, then the power of ten."""
    body = template.format(**numbers)
    return body, str(power).translate(RAISED)


def same(expected, actual):
    return math.isclose(expected, actual, rel_tol=1e-12) or (
        math.isnan(expected) and math.isnan(actual)
    )


@given(VALUES, DIGITS, POWERS, st.sampled_from(ERRORS), st.sampled_from(TIMES))
def test_a_value_with_one_error_is_read_as_it_was_written(v, a, power, form, times):
    body, raised = written(form, power, v=v, a=a)
    cell = notation.measured(f"({body})" + times.format(power=power, raised=raised))

    assert same(float(v) * 10.0**power, cell.value)
    assert same(float(a) * 10.0**power, cell.plus)
    assert cell.plus == cell.minus


@given(VALUES, DIGITS, DIGITS, st.sampled_from(SIDES))
def test_two_errors_keep_their_sides(v, a, b, form):
    cell = notation.measured(form.format(v=v, a=a, b=b))

    assert (float(v), float(a), float(b)) == (cell.value, cell.plus, cell.minus)


@given(VALUES, POWERS, st.sampled_from(TIMES))
def test_a_power_of_ten_is_read_in_every_spelling(v, power, times):
    raised = str(power).translate(RAISED)

    cell = notation.number(f"{v}" + times.format(power=power, raised=raised))

    assert same(float(v) * 10.0**power, cell)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("<>"))
def test_a_limit_keeps_its_side(value, side):
    cell = notation.measured(f"{side} {value!r}")

    assert Measured(value, limit=side) == Measured(cell.value, limit=cell.limit)
    assert math.isnan(cell.plus)


@given(VALUES, DIGITS, DIGITS)
def test_an_interval_behind_the_value_gives_its_errors(v, a, b):
    cell = notation.measured(f"{v} ({v - b}, {v + a})")

    assert (float(v), float(a), float(b)) == (cell.value, cell.plus, cell.minus)
    assert (float(v - b), float(v + a)) == notation.bounds(f"[{v - b}, {v + a}]")


@pytest.mark.parametrize(
    "cell", ["", "...", "–", "--", r"\nodata", "N/A", "NaN", "…", "null"]
)
def test_a_missing_value_is_never_zero(cell):
    assert notation.is_missing(cell)
    assert math.isnan(notation.number(cell))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("(4.67 ± 0.81) × 10−13", 4.67e-13),
        ("(8.49 ± 2.29) × 1041", 8.49e41),
        ("10^-13", 1e-13),
        ("−1.5", -1.5),
        ("1.2D-13", 1.2e-13),
        ("$>$21.45", 21.45),
        ("≲ 3.1 × 10⁻¹⁵", 3.1e-15),
    ],
)
def test_what_pages_and_latex_make_of_numbers_is_read(cell, value):
    assert value == pytest.approx(notation.measured(cell).value)


@pytest.mark.parametrize(
    "cell",
    [
        "bright",
        "1.2 3.4",
        "1,2",
        "2 ± ",
        "(2 ± 1",
        "<2 ± 1",
        "3 (4, 5)",
        "1.2 × 100",
        "12:30",
    ],
)
def test_text_that_is_no_number_is_an_error_and_never_read_in_part(cell):
    with pytest.raises(ValueError, match=r"not a number|limit and|outside"):
        notation.measured(cell)


def test_a_value_with_errors_is_not_one_number():
    with pytest.raises(ValueError, match="is not one number"):
        notation.number("2 ± 1")


def test_ranges_of_dates_are_whole_days():
    assert tuple(tt_from_utc(["2010-11-05", "2010-11-21"])) == free_intervals.interval(
        "2010 Nov 5–20"
    )
    assert tuple(tt_from_utc(["2010-11-05", "2010-12-04"])) == free_intervals.interval(
        "2010 Nov 5 − Dec 3"
    )


@pytest.mark.parametrize(
    "text",
    ["13 9 48.05 −23 22 52.8", "13:09:48.05 -23:22:52.8", "13h09m48.05s -23d22m52.8s", "197.4502083, -23.3813333"],
)  # fmt: skip
def test_a_position_in_one_cell_has_both_coordinates(text):
    assert (197.4502083, -23.3813333) == pytest.approx(notation.place(text))


def test_a_row_of_a_page_is_cut_between_its_cells():
    line = "2012 Oct 5–Nov 1 NuSTAR, XMM 750.31 ± 13.33 (3.64 ± 0.17) × 10−13 <4.0 ..."

    assert [
        "2012 Oct 5-Nov 1",
        "NuSTAR, XMM",
        "750.31 ± 13.33",
        "(3.64 ± 0.17) × 10-13",
        "<4.0",
        "...",
    ] == notation.cells(line)


@pytest.mark.parametrize(
    ("text", "name", "unit", "kev"),
    [
        ("Flux (10^-13 erg cm^-2 s^-1)", "Flux", "1e-13 erg / (s cm2)", None),
        ("Flux (10⁻¹³ erg cm⁻² s⁻¹)", "Flux", "1e-13 erg / (s cm2)", None),
        ("F_X (×10−15 ergs/s/cm2)", "F_X", "1e-15 erg / (s cm2)", None),
        ("nufnu_3keV(erg.s-1.cm-2)", "nufnu 3keV", "erg / (s cm2)", None),
        ("Rate [10^-3 cts s^-1]", "Rate", "1e-3 ct / s", None),
        ("flux(unabsorbed,0.3-10keV)", "flux", None, (0.3, 10.0)),
        ("F_0.5-2keV (mJy)", "F_0.5-2keV", "mJy", (0.5, 2.0)),
        ("Exposure Time (ksec)", "Exposure Time", "ks", None),
        ("RA (J2000)", "RA", None, None),
        ("flux (cerg/cm2/s)", "flux", None, None),
        ("Filter (B)", "Filter", None, None),
    ],
)
def test_a_heading_names_its_unit_and_its_band_or_neither(text, name, unit, kev):
    read = headings.heading(text)

    assert (name, unit, kev) == (read.name, read.unit, read.kev)
