"""Good time intervals: fractions of good and live time, overlaps, repeats and order."""

import polars as pl

from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.lightcurves.exposure import EXPOSED
from orbital_kernel.science.quality.check import Measured

GTI, LIVE = "GTI fraction", "live-time fraction"
OVERLAPS, REPEATS = "overlapping intervals", "repeated intervals"
COLUMNS = (
    *("obs_id", "instrument", "kind", "time", "time_stop", "live_s"),
    "file_sha256",
)
KEYS = ["obs_id", "instrument", "kind"]
DEVICE = ["instrument", "kind"]
"""An instrument observes once at a time, whatever the observation; a CCD is one."""
LEAST_OVERLAP_S = 1e-3
LONGEST = pl.duration(days=4)
"""No interval of an instrument begins so long after another one's end and overlaps it."""


class Intervals:
    """Checks intervals that arrive in order of time."""

    def __init__(self, observatory: str) -> None:
        self._observatory = observatory
        self.rows = 0
        self._parts: list[pl.DataFrame] = []
        self._covered: pl.DataFrame | None = None
        self._ahead: pl.DataFrame | None = None
        self._overlaps: list[pl.DataFrame] = []
        self._repeats = 0
        self._repeated: list[pl.DataFrame] = []

    def take(self, frame: pl.DataFrame) -> None:
        """Take the next intervals; equal ones are in one frame."""
        texts = {"instrument": pl.String(), "file_sha256": pl.String()}
        frame = fill(frame, {**texts, "live_s": pl.Float64()})
        exposed = (
            frame.select(COLUMNS)
            .with_columns(
                pl.col("time", "time_stop").cast(TT),
                pl.col(*KEYS, "file_sha256").cast(pl.String).fill_null(""),
                pl.col("live_s").cast(pl.Float64),
            )
            .filter(pl.col("kind").is_in([*EXPOSED, ""]))
            .drop_nulls(["time", "time_stop"])
        )
        self.rows += len(exposed)
        single = exposed.unique([*KEYS, "time", "time_stop"], maintain_order=True)
        self._repeats += len(exposed) - len(single)
        if len(single) < len(exposed):
            twice = exposed.filter(
                exposed.select(*KEYS, "time", "time_stop").is_duplicated()
            )
            self._repeated.append(twice.head(1))
        self._compare(single)
        self._add(single)

    def _compare(self, single: pl.DataFrame) -> None:
        """Note intervals that begin before an earlier one of their instrument ends."""
        new = single.with_columns(old=pl.lit(value=False))
        if self._ahead is not None:
            new = pl.concat([self._ahead, new], how="vertical_relaxed")
        new = new.sort(*DEVICE, "time", "time_stop").with_columns(
            before=pl.col("time_stop").cum_max().shift(1).over(DEVICE),
            within=pl.col("file_sha256") == pl.col("file_sha256").shift(1).over(DEVICE),
        )
        seconds = (pl.min_horizontal("before", "time_stop") - pl.col("time")).alias(
            "by"
        )
        over = new.filter(~pl.col("old")).drop_nulls("before").with_columns(seconds)
        over = over.filter(pl.col("by").dt.total_nanoseconds() > LEAST_OVERLAP_S * 1e9)
        if len(over):
            self._overlaps.append(over.select(*KEYS, "time", "by", "within"))
        latest = pl.col("time").max() - LONGEST
        self._ahead = (
            new.drop("before", "within")
            .filter(pl.col("time_stop") >= latest)
            .with_columns(old=pl.lit(value=True))
        )

    def _add(self, single: pl.DataFrame) -> None:
        length = (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / 1e9
        self._parts.append(
            self._uncovered(single.filter(length > 0))
            .group_by(KEYS)
            .agg(
                pl.col("time").min(),
                pl.col("time_stop").max(),
                pl.col("good_s").sum(),
                pl.col("live_s").sum().alias("live"),
                length.filter(pl.col("live_s").is_not_null()).sum().alias("with_live"),
            )
        )
        if len(self._parts) > 64:
            self._parts = [self._observations()]

    def _uncovered(self, usable: pl.DataFrame) -> pl.DataFrame:
        """Return intervals with `good_s`: their time that no earlier one covers, s."""
        covered = usable.select(*KEYS, until="time_stop").clear()
        if self._covered is not None:
            covered = self._covered
        new = usable.sort(*KEYS, "time", "time_stop").join(covered, on=KEYS, how="left")
        before = pl.max_horizontal(
            "until", pl.col("time_stop").cum_max().shift(1).over(KEYS)
        )
        start = pl.max_horizontal("time", before)
        left = (pl.col("time_stop") - start).dt.total_nanoseconds() / 1e9
        new = new.with_columns(good_s=left.clip(lower_bound=0.0))
        reached = new.select(*KEYS, until=pl.max_horizontal("until", "time_stop"))
        self._covered = (
            pl.concat([covered, reached]).group_by(KEYS).agg(pl.col("until").max())
        )
        return new.drop("until")

    def _observations(self) -> pl.DataFrame:
        return (
            pl.concat(self._parts)
            .group_by(KEYS)
            .agg(
                pl.col("time").min(),
                pl.col("time_stop").max(),
                pl.col("good_s", "live", "with_live").sum(),
            )
            .sort("time")
        )

    def measured(self) -> list[Measured]:
        """Return the checks, the fractions by instrument."""
        if not self.rows:
            why = f"{self._observatory}.intervals has no good time intervals"
            return [
                Measured(check, self._observatory, missing=why)
                for check in (GTI, LIVE, OVERLAPS, REPEATS)
            ]
        return [
            self._overlapping(),
            self._repeating(),
            *self._fractions(),
        ]

    def _overlapping(self) -> Measured:
        over = pl.concat(self._overlaps) if self._overlaps else None
        number = 0 if over is None else len(over)
        words = (
            f"{number:,} of {self.rows:,} intervals begin before an earlier one ends"
        )
        if over is not None:
            worst = over.sort("by", descending=True).row(0, named=True)
            words += (
                f"; the most by {worst['by'].total_seconds():.3f} s in ObsID "
                f"{worst['obs_id']} {worst['instrument']}".rstrip()
            )
        since = None if over is None else int(over["time"].cast(pl.Int64).min())  # type: ignore[arg-type]
        inside = 0 if over is None else int(over["within"].sum())
        if number:
            words += f"; {inside:,} of them within one file" + (
                "" if inside else ": files of one observation may state its time twice"
            )
        return Measured(
            OVERLAPS,
            self._observatory,
            float(number),
            evidence=words,
            since=since,
            worst="bad" if inside else "warn",
        )

    def _repeating(self) -> Measured:
        words = f"{self._repeats:,} of {self.rows:,} intervals are stored again"
        since = None
        if self._repeated:
            first = pl.concat(self._repeated).sort("time").row(0, named=True)
            words += (
                f", the first of ObsID {first['obs_id']} {first['instrument']}".rstrip()
            )
            since = int(pl.concat(self._repeated)["time"].cast(pl.Int64).min())  # type: ignore[arg-type]
        return Measured(
            REPEATS,
            self._observatory,
            float(self._repeats),
            evidence=words,
            since=since,
        )

    def _fractions(self) -> list[Measured]:
        observations = self._observations().with_columns(
            instrument=pl.col("instrument").str.replace(r" ccd \d+$", "")
        )
        result = []
        if not (observations["kind"] == "gti").any():
            why = f"{self._observatory} has snapshots only, no good time intervals of files"
            result.append(Measured(GTI, self._observatory, missing=why))
        span = (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / 1e9
        for (name,), rows in observations.group_by("instrument", maintain_order=True):
            subject = f"{self._observatory} {name}".strip()
            gtis = rows.filter(kind="gti")
            if len(gtis):
                result.append(self._good(subject, gtis.with_columns(span_s=span)))
            live = rows.filter(pl.col("with_live") > 0)
            if not len(live):
                why = f"no interval of {subject} states its live time"
                result.append(Measured(LIVE, subject, missing=why))
                continue
            fraction = float(live["live"].sum()) / float(live["with_live"].sum())
            result.append(
                Measured(
                    LIVE,
                    subject,
                    fraction,
                    evidence=f"{live['live'].sum():,.0f} s live of "
                    f"{live['with_live'].sum():,.0f} s, {_number(live)}",
                    samples=_by_observation(live, "live", "with_live"),
                    outliers=False,
                )
            )
        return result

    def _good(self, subject: str, gtis: pl.DataFrame) -> Measured:
        return Measured(
            GTI,
            subject,
            float(gtis["good_s"].sum()) / float(gtis["span_s"].sum()),
            evidence=f"{gtis['good_s'].sum():,.0f} s of good time in {_number(gtis)}, from "
            "the first start to the last stop",
            samples=_by_observation(gtis, "good_s", "span_s"),
            outliers=False,
        )


def _number(rows: pl.DataFrame) -> str:
    """Return how many observations some rows are of, a row per chip."""
    number = rows["obs_id"].n_unique()
    chips = f", summed over {len(rows):,} chips" if len(rows) > number else ""
    return f"{number:,} observations{chips}"


def _by_observation(rows: pl.DataFrame, part: str, of: str) -> pl.DataFrame:
    """Return one share per observation, in order of time."""
    share = (pl.col(part).sum() / pl.col(of).sum()).alias("value")
    shares = rows.group_by("obs_id").agg(pl.col("time").min(), share)
    return shares.select("time", "value").sort("time")
