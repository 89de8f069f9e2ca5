"""Gates: rows and light curves marked by what checks found of their time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.questions.asking import Session, require_observatories
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.quality_rows import STORE, read
from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality import Spell, clocks, marked, require_good
from orbital_kernel.science.quality.grid import JUMPS
from orbital_kernel.science.quality.points import CALIBRATOR

GATED = (JUMPS, clocks.AGREES, clocks.CORRECTION, CALIBRATOR)
"""Checks whose faults last from their onset on, and concern all of an observatory."""
CHOICES = ("exclude", "mark", "refuse")
MARKS = ("quality", "quality_reason")


class Gates(ABC):
    """Gates by which an analysis marks, excludes or refuses bad time."""

    @property
    @abstractmethod
    def _session(self) -> Session:
        """Who answers queries and has the database."""

    def gate(
        self,
        frame: pl.DataFrame,
        *,
        observatory: str,
        checks: Sequence[str] = GATED,
        refuse: str | None = None,
    ) -> pl.DataFrame:
        """Return a frame with the quality of each row's time; refuse bad ones if asked.

        Parameters
        ----------
        frame : polars.DataFrame
            Rows with time (TT), for example of `light_curve` or of counts; if it has a
            column observatory, only rows of this one are judged.
        observatory : str
            Whose clock and calibration the rows depend on.
        checks : sequence of str
            Checks whose faults count, from their onset on; by default those of clock and
            calibrators. A step begins at the early end of its 95 % interval.
        refuse : str, optional
            'bad' raises QueryError if a row is bad, 'warn' also for warnings. By default
            rows are only marked.

        Returns
        -------
        polars.DataFrame
            The frame with quality ('ok', 'warn', 'bad', 'unknown') and quality_reason.

        Raises
        ------
        QueryError
            If the observatory is unknown, no check has run, or a row is refused.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> _ = orbital.quality.run("swift", checks=["clock jumps"])
        >>> rows = orbital.quality.gate(orbital.table("swift.grbs"), observatory="swift")
        >>> rows["quality"].is_in(["ok", "unknown"]).all()
        True
        """
        require_observatories(observatory)
        if refuse not in (None, "bad", "warn"):
            raise QueryError(f"refuse is 'bad' or 'warn', not {refuse!r}")
        rows = self._gating(checks)
        gated = gated_of(frame, rows, observatory, checks)
        return gated if refuse is None else require_good(gated, refuse=refuse)

    def gate_curve(
        self,
        curve: LightCurve,
        *,
        bad: str = "exclude",
        checks: Sequence[str] = GATED,
    ) -> LightCurve:
        """Return a light curve with the quality of each point's time.

        Parameters
        ----------
        curve : LightCurve
            A curve as `light_curve` returns it, before it is binned.
        bad : str
            'exclude' (default): points in bad time do not count, with the reason, in
            whatever uses the curve; 'mark' only marks them; 'refuse' raises.
        checks : sequence of str
            Checks whose faults count, from their onset on; by default those of clock and
            calibrators.

        Returns
        -------
        LightCurve
            The curve with quality ('ok', 'warn', 'bad', 'unknown') and quality_reason;
            'unknown' where no check has run or the point has no time.

        Raises
        ------
        QueryError
            If `bad` is none of these, or a point is refused.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> _ = orbital.quality.run("swift", checks=["clock jumps"])
        >>> curve = orbital.quality.gate_curve(orbital.light_curve("SIM AGN 1"))
        >>> set(curve.frame["quality"]) <= {"ok", "warn", "bad", "unknown"}
        True
        """
        if bad not in CHOICES:
            raise QueryError(f"bad is {', '.join(CHOICES)}, not {bad!r}")
        return curve_of(curve, self._gating(checks), bad, checks)

    def _gating(self, checks: Sequence[str]) -> pl.DataFrame:
        """Return the results of checks over the store."""
        rows = read(self._session, [Clause("scope", (Equal(STORE),))])
        return rows.filter(pl.col("check").is_in(list(checks)))


def gated_of(
    frame: pl.DataFrame, results: pl.DataFrame, observatory: str, checks: Sequence[str]
) -> pl.DataFrame:
    """Return a frame with the quality of each row's time, by one observatory's checks.

    Rows of other observatories are 'ok'. QueryError if no check has run for it.
    """
    of_checks = _of(results, observatory)
    if not len(of_checks):
        raise QueryError(
            f"no check of {', '.join(checks)} has run for {observatory}: "
            "run orbital.quality.run() first"
        )
    gated = marked(frame, spells_of(of_checks))
    if "observatory" not in gated.columns:
        return gated
    other = pl.col("observatory") != observatory
    return gated.with_columns(
        pl.when(other).then(pl.lit(usual)).otherwise(name).alias(name)
        for name, usual in zip(MARKS, ("ok", ""), strict=True)
    )


def curve_of(
    curve: LightCurve, results: pl.DataFrame, bad: str, checks: Sequence[str]
) -> LightCurve:
    """Return a curve with its points marked, excluded or refused; `bad` is of CHOICES."""
    parts = [
        _marked(rows, _of(results, name), name, checks)
        for (name,), rows in curve.frame.with_row_index("_row").group_by(
            ["observatory"], maintain_order=True
        )
    ]
    if not parts:
        return curve
    frame = pl.concat(parts).sort("_row").drop("_row")
    if bad == "refuse":
        require_good(frame.filter(pl.col("excluded").is_null()))
    if bad == "exclude":
        reason = pl.concat_str(pl.lit("bad time: "), pl.col("quality_reason"))
        is_bad = pl.when(pl.col("quality") == "bad").then(reason)
        frame = frame.with_columns(pl.coalesce("excluded", is_bad).alias("excluded"))
    return replace(curve, frame=frame)


def spells_of(results: pl.DataFrame) -> tuple[Spell, ...]:
    """Return the stretches that the newest results find at fault, open at their end."""
    newest = results.sort("checked").unique(
        ["check", "observatory", "subject"], keep="last", maintain_order=True
    )
    at_fault = newest.filter(
        pl.col("state").is_in(["bad", "warn"]), pl.col("time").is_not_null()
    )
    start = pl.coalesce("time_low", "time").cast(TT).cast(pl.Int64)
    return tuple(
        Spell(int(ns), None, state, f"{check} of {subject}")
        for ns, state, check, subject in at_fault.select(
            start, "state", "check", "subject"
        ).iter_rows()
    )


def _of(results: pl.DataFrame, observatory: object) -> pl.DataFrame:
    named = pl.col("observatory").str.split(", ").list.contains(str(observatory))
    return results.filter(named)


def _marked(
    rows: pl.DataFrame, results: pl.DataFrame, name: object, checks: Sequence[str]
) -> pl.DataFrame:
    if len(results) and name in observatories():
        return marked(rows, spells_of(results))
    why = f"no check of {', '.join(checks)} has run for {name}"
    return rows.with_columns(
        pl.lit("unknown").alias(MARKS[0]), pl.lit(why).alias(MARKS[1])
    )
