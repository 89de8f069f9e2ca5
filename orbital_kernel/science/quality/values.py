"""Values that no observation can have, rows that repeat, and units that do not exist.

One rule is a column, a condition under which its value is impossible, and the origin of
the limit. All counts are of rows; the first row at fault is named.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import polars as pl
from astropy import units as u

from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality.check import Measured

IMPOSSIBLE, REPEATED, UNITS = "impossible values", "repeated rows", "unit conformance"
HIGHEST_REDSHIFT = 20.0
DAYS_FOR_A_POINTING = 30.0


@dataclass(frozen=True)
class Rule:
    """When a column's value is impossible, and why.

    Attributes
    ----------
    column
        The column at fault.
    bad
        The condition, of the columns in `needs`.
    why
        The limit and its origin, in words.
    needs
        Further columns of the condition.
    """

    column: str
    bad: pl.Expr
    why: str
    needs: tuple[str, ...] = ()


def _below(name: str, low: float = 0.0) -> pl.Expr:
    return pl.col(name).cast(pl.Float64) < low


def _not_positive(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64) <= 0


def _not_finite(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64)
    return value.is_nan() | value.is_infinite()


ANYWHERE = (
    Rule("ra", ~pl.col("ra").is_between(0, 360, closed="left"), "outside 0 to 360 deg"),
    Rule("dec", ~pl.col("dec").is_between(-90, 90), "outside -90 to 90 deg"),
    Rule("exposure_s", _below("exposure_s"), "a negative exposure"),
    Rule(
        "exposure_s",
        pl.col("exposure_s").cast(pl.Float64) > DAYS_FOR_A_POINTING * 86_400,
        f"an exposure above {DAYS_FOR_A_POINTING:g} days: no pointing is so long",
        ("log",),
    ),
    Rule("live_s", _below("live_s"), "a negative live time"),
    Rule("bin_s", _not_positive("bin_s"), "a bin without width"),
    Rule("error_radius_arcsec", _below("error_radius_arcsec"), "a negative error"),
    Rule("redshift", _below("redshift", -0.01), "a redshift below -0.01"),
    Rule(
        "redshift",
        pl.col("redshift") > HIGHEST_REDSHIFT,
        f"a redshift above {HIGHEST_REDSHIFT:g}: the most distant galaxy measured has 14.4",
    ),
    Rule("t90_s", _not_positive("t90_s"), "a T90 that is not positive"),
    Rule("t90_err_s", _below("t90_err_s"), "a negative error"),
    Rule("fluence_erg_cm2", _below("fluence_erg_cm2"), "a negative fluence"),
    *(
        Rule(name, _below(name), "a negative error")
        for name in ("value_err_plus", "value_err_minus", "rate_err")
    ),
    *(
        Rule(name, _below(name), "a point outside its own bin")
        for name in ("time_err_plus_s", "time_err_minus_s")
    ),
    Rule("counts", _below("counts"), "negative counts"),
    Rule("energy_ev", _below("energy_ev"), "a negative energy"),
    Rule(
        "error_confidence",
        ~pl.col("error_confidence").is_between(0, 1, closed="none"),
        "a probability outside 0 to 1",
    ),
    Rule(
        "time_stop",
        pl.col("time_stop") < pl.col("time"),
        "ends before it starts",
        ("time",),
    ),
    Rule(
        "live_s",
        pl.col("live_s")
        > 1e-3 + (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / 1e9,
        "more live time than time",
        ("time", "time_stop"),
    ),
    Rule(
        "flux_low",
        pl.col("flux_low") > pl.col("flux_high"),
        "bounds that are reversed",
        ("flux_high",),
    ),
    Rule(
        "band_low_kev",
        (pl.col("band_low_kev") < 0)
        | (pl.col("band_low_kev") >= pl.col("band_high_kev")),
        "band edges that do not rise",
        ("band_high_kev",),
    ),
    Rule(
        "rate",
        (pl.col("rate") < 0) & (pl.col("kind") == "raw"),
        "a negative raw rate",
        ("kind",),
    ),
    *(
        Rule(name, _not_finite(name), "NaN or infinity")
        for name in ("value", "rate", "flux", "ra", "dec", "exposure_s", "redshift")
    ),
)
IDENTITY = {
    "observations": ("obs_id", "instrument", "log"),
    "grbs": ("catalog", "name", "trigger_id", "time"),
    "intervals": ("obs_id", "instrument", "kind", "time", "time_stop"),
    "sources": ("catalog", "source_id", "obs_id", "ra", "dec"),
    "photometry": (
        *("object", "obs_id", "instrument", "mode", "band", "unit", "time"),
        *("value", "is_limit"),
    ),
    "rates": ("series", "channel", "time"),
    "events": ("obs_id", "time", "ccd_id", "x_pix", "y_pix", "pi", "energy_ev"),
    "notices": ("notice_id", "kind", "alert_type", "time", "time_sent"),
}
"""Columns that no two rows of a table share: rows that do are one measurement, twice."""
UNIT_COLUMNS = ("unit", "flux_unit")
NAMES = ("obs_id", "name", "source_id", "object", "series", "notice_id")
TYPED = ("time", "time_stop", "simulated", "file_sha256", "file_row")


def columns_of(table: str, stored: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of a table that its rules read."""
    ruled = {name for rule in ANYWHERE for name in (rule.column, *rule.needs)}
    wanted_names = {*ruled, *IDENTITY[table], *UNIT_COLUMNS, *NAMES, *TYPED}
    return tuple(name for name in stored if name in wanted_names)


class Values:
    """Counts impossible values, repeats and unknown units in the rows of one table."""

    def __init__(self, full_name: str, *, repeats: bool = True) -> None:
        self._name = full_name
        self._seeks_repeats = repeats
        self._identity = IDENTITY[full_name.partition(".")[2]]
        self.rows = 0
        self.bad_rows = 0
        self._why: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._since: int | None = None
        self._repeats = 0
        self._repeated = ""
        self._repeated_since: int | None = None
        self._units: Counter[str] = Counter()

    def take(self, frame: pl.DataFrame) -> None:
        """Count the faults of some rows; rows that repeat are in one frame."""
        self.rows += len(frame)
        self._impossible(frame)
        self._repeating(frame)
        for name in UNIT_COLUMNS:
            if name in frame.columns:
                pairs = frame[name].drop_nulls().value_counts().rows()
                self._units.update({text: n for text, n in pairs if not is_unit(text)})

    def _impossible(self, frame: pl.DataFrame) -> None:
        rules = [
            rule
            for rule in ANYWHERE
            if {rule.column, *rule.needs} <= set(frame.columns)
            and frame.schema[rule.column] != pl.Null
        ]
        if not (rules and len(frame)):
            return
        flags = frame.select(
            rule.bad.fill_null(value=False).alias(str(k))
            for k, rule in enumerate(rules)
        )
        counts = flags.sum().row(0)
        if not any(counts):
            return
        for k, number in enumerate(counts):
            if number:
                key = f"{rules[k].column}: {rules[k].why}"
                self._why[key] += number
                row = frame.filter(flags[str(k)]).head(1)
                value = row[rules[k].column][0]
                self._examples.setdefault(key, f"{_named(row)} has {value}")
        at_fault = frame.filter(flags.select(pl.any_horizontal(pl.all())).to_series())
        self.bad_rows += len(at_fault)
        self._since = _earliest(at_fault, self._since)

    def _repeating(self, frame: pl.DataFrame) -> None:
        names = [name for name in self._identity if name in frame.columns]
        if len(names) < 2 or not (self._seeks_repeats and len(frame)):
            return
        if "time" in names:
            frame = frame.drop_nulls("time")
        again = frame.select(names).is_duplicated()
        if again.any():
            rows = frame.filter(again)
            self._repeats += len(rows) - rows.n_unique(names)
            self._repeated = self._repeated or _named(rows.head(1))
            self._repeated_since = _earliest(rows, self._repeated_since)

    def measured(self) -> list[Measured]:
        """Return the three checks of the table."""
        if not self.rows:
            why = f"{self._name} has no rows"
            return [
                Measured(check, self._name, missing=why)
                for check in (IMPOSSIBLE, REPEATED, UNITS)
            ]
        faults = "; ".join(
            f"{number:,} with {why} ({self._examples[why]})"
            for why, number in self._why.most_common(5)
        )
        strange = ", ".join(
            f"{text!r} ({n:,})" for text, n in self._units.most_common(5)
        )
        of = f"of {self.rows:,} rows"
        return [
            Measured(
                IMPOSSIBLE,
                self._name,
                float(self.bad_rows),
                evidence=f"{self.bad_rows:,} {of}" + (f": {faults}" if faults else ""),
                since=self._since,
            ),
            Measured(
                REPEATED,
                self._name,
                float(self._repeats),
                evidence=f"{self._repeats:,} {of} repeat {', '.join(self._identity)}"
                + (f", the first of {self._repeated}" if self._repeated else ""),
                since=self._repeated_since,
            ),
            Measured(
                UNITS,
                self._name,
                float(self._units.total()),
                evidence=f"{self._units.total():,} {of} in a unit that astropy does not know"
                + (f": {strange}" if strange else ""),
            ),
        ]


@lru_cache(maxsize=512)
def is_unit(text: str) -> bool:
    """Return whether astropy understands a unit."""
    if text.strip() in ("", "mag") or re.fullmatch(r"mag\s*\(\w+\)", text.strip()):
        return True
    try:
        u.Unit(text.replace("det", "pix"))
    except ValueError:
        return False
    return True


def _named(row: pl.DataFrame) -> str:
    """Return the name of a row: what it is of, and its file and row there."""
    names = [
        str(row[n][0]) for n in NAMES if n in row.columns and row[n][0] is not None
    ]
    where = ""
    if {"file_sha256", "file_row"} <= set(row.columns) and row["file_sha256"][0]:
        where = f" (file {row['file_sha256'][0][:12]}, row {row['file_row'][0]})"
    return (names[0] if names else "a row") + where


def _earliest(rows: pl.DataFrame, before: int | None) -> int | None:
    if "time" not in rows.columns or not rows.schema["time"].is_temporal():
        return before
    first = rows["time"].cast(TT).cast(pl.Int64).min()
    times = [int(t) for t in (first, before) if isinstance(t, int)]
    return min(times, default=None)
