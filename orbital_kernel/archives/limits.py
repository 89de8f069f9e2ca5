"""Which values are upper limits, and which errors are none: one rule for all readers.

Archives mark an upper limit in several ways. In order, the first that applies decides:

1. the name of its block or mode: 'PCUL', 'WT_UL', 'Upper limit(s)' (`names_limits`);
2. a flag of the row in any spelling: True, T, 1, 1.0, yes, UKSSDC's UpperLimit (`flags`);
   a flag that says no makes the row a measurement, whatever its errors are;
3. a negative error. The lower error of an asymmetric pair may be written with its sign;
   that is a sign and no code if the other rows have it too, and a row that has it the
   other way round has its lower error first;
4. two errors of zero, in the products of UKSSDC (`UKSSDC`), which writes them for limits
   and for nothing else (www.swift.ac.uk/xrt_curves/docs.php). A value of zero among them
   is a bin without data.

No measurement is infinitely precise. Where two errors of zero do not mark a limit, the
value is kept as a measurement without known errors: both are null. An error of zero on
one side only is null on that side. A limit has no errors. Each case is counted in the
account.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import ArchiveError

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

TRUE = frozenset({"true", "t", "yes", "y", "1"})
FALSE = frozenset({"false", "f", "no", "n", "0"})
YES = TRUE | {"<", "ul", "upper", "upper limit", "upperlimit", "upper_limit", "limit"}
NO = FALSE | {"=", "d", "det", "detection", "m", "measurement"}
BLANK = {"", "nan", "null", "none", "n/a", "--"}
_NAME = re.compile(
    r"(?<![a-z])(?:xrt|bat)?_?(?:wt|pc)?_?(?:slew|settling)?_?uls?(?![a-z])"
    r"|up(?:per)?[\s_-]?lim|(?<![a-z])(?:upper|limits?)(?![a-z])|non[\s_-]?detection",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Coding:
    """Which errors mark an upper limit in a format: negative ones, two zero ones."""

    negative: bool = True
    zero: bool = False


PUBLISHED = Coding()
"""Tables of papers and catalogues: a negative error marks a limit."""
UKSSDC = Coding(zero=True)
"""Products of UKSSDC: two errors of zero mark a limit too."""
STATED = Coding(negative=False)
"""Formats that state each limit otherwise: errors that are not positive are none."""


@dataclass(frozen=True)
class Measured:
    """Values, errors (at least 0), NaN where there is none, and which values are limits."""

    value: Reals
    plus: Reals
    minus: Reals
    is_limit: Flags


def names_limits(name: str | None) -> bool:
    """Return whether the name of a block or mode says that it holds upper limits."""
    return name is not None and _NAME.search(name) is not None


def word(cell: Any) -> str | None:
    """Return a flag as a lower-case word, whole numbers without a fraction; None if blank."""
    if cell is None or cell is np.ma.masked:
        return None
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, bytes):
        cell = cell.decode("ascii", "replace")
    text = str(cell).strip().casefold()
    if text in BLANK:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return f"{number:g}"


def truth(cell: Any) -> bool | None:
    """Return a flag in any spelling as true or false, None if it is blank.

    Raises
    ------
    ArchiveError
        If the cell is neither.
    """
    flag = word(cell)
    if flag is None:
        return None
    if flag in YES or flag in NO:
        return flag in YES
    raise ArchiveError(
        f"a limit flag is {cell!r}, which is neither true nor false: state the value "
        "that marks a limit"
    )


def flags(cells: Iterable[Any], equals: Any = None) -> list[bool | None]:
    """Return which rows a column of flags marks; None where the cell is blank.

    Parameters
    ----------
    cells : iterable
        Booleans, numbers, text or bytes; masked, None and NaN are blank.
    equals : object or list of objects, optional
        The value that marks a limit, or several. It is compared as text without case. If
        all cells are spellings of true or false, so is it: '1' equals True, 'T' and 1.0;
        among other codes 'n' is not 'f'. By default any spelling of true marks a limit.

    Raises
    ------
    ArchiveError
        If a cell is neither true nor false, and `equals` is not given.
    """
    if equals is None:
        return [truth(cell) for cell in cells]
    marks = {word(mark) for mark in (equals if isinstance(equals, list) else [equals])}
    words = [word(cell) for cell in cells]
    if all(flag is None or flag in TRUE | FALSE for flag in words):
        marks = next((set(same) for same in (TRUE, FALSE) if marks <= same), marks)
    return [None if flag is None else flag in marks for flag in words]


def measured(
    value: ArrayLike,
    plus: ArrayLike,
    minus: ArrayLike | None = None,
    *,
    account: Account,
    coding: Coding = PUBLISHED,
    flagged: Iterable[bool | None] | bool | None = None,
) -> Measured:
    """Return the errors of values, and which of them are upper limits, by the one rule.

    Parameters
    ----------
    value : array_like
        Values; NaN where there is none, which then has no errors and is no limit.
    plus, minus : array_like
        Errors as written, zeros and signs included. Without `minus`, `plus` holds for
        both sides.
    account : Account
        Counts what was decided.
    coding : Coding, default PUBLISHED
        Which errors mark a limit in this format.
    flagged : bool or iterable of bool or None, optional
        What the block or the row's flag says, None where it says nothing.

    Returns
    -------
    Measured
        Errors, NaN for none, and limits.
    """
    values = np.atleast_1d(np.asarray(value, np.float64))
    upper = _sized(plus, values)
    lower = upper if minus is None else _sized(minus, values)
    upper, lower = _unsigned(upper, lower, account)
    present = np.isfinite(values)
    says_yes, silent = _said(len(values), flagged=flagged)
    negative = present & ((upper < 0) | (lower < 0))
    zeros = present & (upper == 0) & (lower == 0)
    empty = zeros & (values == 0) & coding.zero
    present, zeros = present & ~empty, zeros & ~empty
    coded = (negative & coding.negative) | (zeros & coding.zero)
    is_limit = present & (says_yes | (silent & coded))
    unknown = present & ~is_limit
    for rows, words in (
        (empty, "values of 0 with two errors of 0: no measurement, value null"),
        (is_limit & ~says_yes & negative, "upper limits marked by a negative error"),
        (is_limit & ~says_yes & zeros, "upper limits marked by two errors of 0"),
        (unknown & zeros, "values with two errors of 0, kept without errors"),
        (unknown & negative, "values with a negative error, kept without it"),
        (
            unknown & ~zeros & ((upper == 0) | (lower == 0)),
            "values with an error of 0 on one side, kept without it",
        ),
    ):
        if rows.any():
            account.note(words, int(rows.sum()))
    return Measured(
        np.where(empty, math.nan, values),
        np.where(unknown & (upper > 0) & np.isfinite(upper), upper, math.nan),
        np.where(unknown & (lower > 0) & np.isfinite(lower), lower, math.nan),
        is_limit,
    )


def poisson_error(counts: Reals, exposure_s: Reals) -> Reals:
    """Return the 1-sigma error of a rate of counts; NaN for none, whose error is not 0."""
    return (
        np.where(counts > 0, np.sqrt(np.clip(counts, 0, None)), math.nan) / exposure_s
    )


def note_empty(account: Account, counts: Reals) -> None:
    """Count the bins and channels without a count (or error), whose rate has no error."""
    if empty := int((counts == 0).sum()):
        account.note("bins of 0 counts: rate without an error", empty)


def _sized(errors: ArrayLike, values: Reals) -> Reals:
    return np.broadcast_to(np.asarray(errors, np.float64), values.shape)


def _unsigned(upper: Reals, lower: Reals, account: Account) -> tuple[Reals, Reals]:
    """Return a pair of error columns without the sign that shows a column's side."""
    pairs = np.isfinite(upper) & np.isfinite(lower)
    if (pairs & (upper > 0) & (lower > 0)).any():
        return upper, lower
    reverse = pairs & (upper < 0) & (lower > 0)
    if reverse.any():
        account.note("points with the lower error first", int(reverse.sum()))
    upper, lower = np.where(reverse, lower, upper), np.where(reverse, upper, lower)
    return upper, np.where(upper >= 0, np.abs(lower), lower)


def _said(
    count: int, *, flagged: Iterable[bool | None] | bool | None
) -> tuple[Flags, Flags]:
    """Return where the flag says yes, and where it says nothing."""
    said = (
        [flagged] * count
        if flagged is None or isinstance(flagged, bool)
        else [*flagged]
    )
    return (
        np.array([flag is True for flag in said], bool),
        np.array([flag is None for flag in said], bool),
    )
