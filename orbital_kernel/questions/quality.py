"""Data quality: what `orbital.quality` is; checks, their board, history, report and gates."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.questions.asking import Session, require_observatories
from orbital_kernel.questions.quality_passes import Found, Survey
from orbital_kernel.questions.quality_rows import (
    SAMPLE,
    STORE,
    board_of,
    displayed,
    read,
    result_rows,
    sample_rows,
    write,
)
from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality import CHECKS, Spell, judged, marked, require_good
from orbital_kernel.science.quality import clocks as clock_checks
from orbital_kernel.science.quality.points import CALIBRATOR
from orbital_kernel.science.quality.rates import JUMPS

RUN_FALSE_ALARM = 0.001
GATED = (JUMPS, clock_checks.AGREES, clock_checks.CORRECTION, CALIBRATOR)
"""Checks whose faults last from their onset on, and concern all of an observatory."""


class Quality:
    """Checks of data quality over the stored tables: `orbital.quality`.

    Parameters
    ----------
    orbital : Session
        Answers the queries and has the database.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> "GTI fraction" in orbital.quality.checks()["name"].to_list()
    True
    """

    def __init__(self, orbital: Session) -> None:
        self._orbital = orbital

    def checks(self) -> pl.DataFrame:
        """Return the registry of checks.

        Returns
        -------
        polars.DataFrame
            name, unit, warn_low, warn_high, bad_low, bad_high (in the unit; null is
            unbounded), origin of the limits, doc, at_ingest.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.quality.checks().columns[:2]
        ['name', 'unit']
        """
        return pl.DataFrame(
            [
                {
                    "name": check.name,
                    "unit": check.unit,
                    "warn_low": check.limits.warn_low,
                    "warn_high": check.limits.warn_high,
                    "bad_low": check.limits.bad_low,
                    "bad_high": check.limits.bad_high,
                    "origin": check.limits.origin,
                    "doc": check.doc,
                    "at_ingest": check.at_ingest,
                }
                for check in CHECKS.values()
            ],
            infer_schema_length=None,
        ).cast({pl.Null: pl.Float64})

    def run(
        self,
        *observatory: str,
        checks: Sequence[str] | None = None,
        calibrators: Sequence[str] = (),
        false_alarm: float = RUN_FALSE_ALARM,
    ) -> pl.DataFrame:
        """Run the checks over the stored rows and add their results to ops.quality.

        Tables are read in slices of bounded size, so that 10^7 rows need no more memory
        than 10^6.

        Parameters
        ----------
        *observatory : str
            Observatories to check; by default all.
        checks : sequence of str, optional
            Names of checks; by default all.
        calibrators : sequence of str
            Names of further sources whose flux must not change.
        false_alarm : float
            Probability that a constant series with independent Gaussian noise shows a
            change or an outlier, per series.

        Returns
        -------
        polars.DataFrame
            Columns of `board`, of this run only.

        Raises
        ------
        QueryError
            If an observatory or a check is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> rows = orbital.quality.run("chandra", checks=["overlapping intervals"])
        >>> rows["state"].to_list()
        ['ok']
        """
        require_observatories(*observatory)
        chosen = tuple(CHECKS) if checks is None else tuple(checks)
        for name in chosen:
            if name not in CHECKS:
                raise QueryError(unknown("quality check", name, CHECKS))
        names = observatory or tuple(observatories())
        survey = Survey(names, chosen, tuple(calibrators))
        found = survey.run(self._orbital)
        return self.record(found, false_alarm=false_alarm, simulated=survey.simulated)

    def record(
        self,
        found: Found,
        *,
        scope: str = STORE,
        false_alarm: float = RUN_FALSE_ALARM,
        simulated: bool = False,
    ) -> pl.DataFrame:
        """Judge measured values and add them to ops.quality.

        Parameters
        ----------
        found : list of tuple
            Observatory and measured value.
        scope : str
            'store' for a run over the tables, 'ingest' for the rows of one ingest.
        false_alarm : float
            As in `run`.
        simulated : bool
            Whether rows that were measured are simulated.

        Returns
        -------
        polars.DataFrame
            Columns of `board`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.quality.record([]).height
        0
        """
        judgements = [
            (name, judged(CHECKS[m.check], m, false_alarm=false_alarm))
            for name, m in found
        ]
        checked = datetime.now(UTC).replace(tzinfo=None)
        run = uuid.uuid4().hex[:12]
        results = result_rows(
            judgements, run=run, checked=checked, scope=scope, simulated=simulated
        )
        samples = sample_rows(judgements, run=run, checked=checked, simulated=simulated)
        if len(results):
            write(self._orbital, results, samples if scope == STORE else None)
        return displayed(results)

    def board(self) -> pl.DataFrame:
        """Return the newest result of every check, worst first.

        Returns
        -------
        polars.DataFrame
            name, observatory, subject, value and value_err (in unit), unit, state ('ok',
            'warn', 'bad', 'unknown'), since_utc (when a drift, step or fault began) with
            its 95 % interval since_low_utc to since_high_utc, change ('step', 'drift' or
            ''), limit, limit_origin, evidence, scope, checked_utc and simulated. Empty before the
            first run.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> _ = orbital.quality.run("chandra", checks=["repeated intervals"])
        >>> "repeated intervals" in orbital.quality.board()["name"].to_list()
        True
        """
        scopes = Clause("scope", (Equal(STORE), Equal("ingest")))
        return board_of(read(self._orbital, [scopes]))

    def history(
        self, check: str, *, observatory: str | None = None, samples: bool = False
    ) -> pl.DataFrame:
        """Return the results of one check over time.

        Parameters
        ----------
        check : str
            Name of the check.
        observatory : str, optional
            Only results of this observatory.
        samples : bool
            Return the samples of its series instead, in the time of the data.

        Returns
        -------
        polars.DataFrame
            Columns of `board`, oldest first; of samples subject, time (TT), value and
            value_err (in unit), unit.

        Raises
        ------
        QueryError
            If the check is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.quality.history("GTI fraction", samples=True).columns[:3]
        ['observatory', 'subject', 'time']
        """
        if check not in CHECKS:
            raise QueryError(unknown("quality check", check, CHECKS))
        rows = read(self._orbital, [Clause("check", (Equal(check),))])
        if observatory is not None:
            named = pl.col("observatory").str.split(", ").list.contains(observatory)
            rows = rows.filter(named)
        if samples:
            return _samples(rows).drop("name")
        results = rows.filter(pl.col("scope") != SAMPLE).sort("checked")
        return displayed(results).sort("checked_utc", maintain_order=True)

    def samples(self) -> pl.DataFrame:
        """Return the samples of every charted check, from its newest run.

        Returns
        -------
        polars.DataFrame
            name (of the check), observatory, subject, time (TT), value and value_err (in
            unit), unit; at most 500 a series, medians of stretches of longer ones.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.quality.samples().columns[:3]
        ['name', 'observatory', 'subject']
        """
        return _samples(read(self._orbital, [Clause("scope", (Equal(SAMPLE),))]))

    def report(self) -> str:
        """Return the board in Markdown: what is wrong, since when, and by which limit.

        Returns
        -------
        str
            The text.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.quality.report().startswith("# Data quality")
        True
        """
        board = self.board()
        if not len(board):
            return (
                "# Data quality\n\nNo check has run: `orbital quality run` runs all.\n"
            )
        counts = dict(board["state"].value_counts().rows())
        summary = ", ".join(
            f"{counts[s]} {s}" for s in ("bad", "warn", "unknown", "ok") if s in counts
        )
        lines = [
            f"# Data quality of database {self._orbital.store.database}",
            "",
            f"{len(board)} results, the newest of {max(board['checked_utc'].to_list())}: {summary}.",
        ]
        for state in ("bad", "warn", "unknown", "ok"):
            rows = board.filter(state=state).to_dicts()
            if rows:
                lines += ["", f"## {state}", "", *map(_line, rows)]
        return "\n".join(lines) + "\n"

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
        scopes = Clause("scope", (Equal(STORE),))
        rows = read(self._orbital, [scopes])
        named = pl.col("observatory").str.split(", ").list.contains(observatory)
        of_checks = rows.filter(named, pl.col("check").is_in(list(checks)))
        if not len(of_checks):
            raise QueryError(
                f"no check of {', '.join(checks)} has run for {observatory}: "
                "run orbital.quality.run() first"
            )
        gated = marked(frame, _spells(of_checks))
        if "observatory" in gated.columns:
            other = pl.col("observatory") != observatory
            gated = gated.with_columns(
                pl.when(other).then(pl.lit("ok")).otherwise("quality").alias("quality"),
                pl.when(other)
                .then(pl.lit(""))
                .otherwise("quality_reason")
                .alias("quality_reason"),
            )
        return gated if refuse is None else require_good(gated, refuse=refuse)


def _samples(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.filter(scope=SAMPLE)
        .select(
            *(pl.col("check").alias("name"), "observatory", "subject"),
            *(pl.col("time").cast(TT), "value", "value_err", "unit", "simulated"),
        )
        .sort("name", "observatory", "subject", "time")
    )


def to_json(board: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return a board as `orbital quality board --json` prints it."""
    return {"checks": board.to_dicts()}


def _spells(rows: pl.DataFrame) -> tuple[Spell, ...]:
    """Return the stretches that the newest results find at fault, open at their end."""
    newest = rows.sort("checked").unique(
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


def _line(row: dict[str, Any]) -> str:
    value = (
        "" if row["value"] is None else f" {row['value']:.4g} {row['unit']}".rstrip()
    )
    since = f", since {row['since_utc']}" if row["since_utc"] else ""
    limit = (
        ""
        if row["limit"] is None
        else f" Limit {row['limit']:g} ({row['limit_origin']})."
    )
    return (
        f"- **{row['name']}** ({row['subject'] or row['observatory']}):{value}{since}. "
        f"{row['evidence']}.{limit}"
    )
