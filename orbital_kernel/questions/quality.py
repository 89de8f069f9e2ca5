"""Data quality: what `orbital.quality` is; checks, their board, history, report and gates."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.questions.asking import Session, require_observatories
from orbital_kernel.questions.quality_gates import Gates
from orbital_kernel.questions.quality_passes import Found, Survey
from orbital_kernel.questions.quality_report import report_of
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
from orbital_kernel.science.quality import CHECKS, judged

RUN_FALSE_ALARM = 0.001


class Quality(Gates):
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

    @property
    def _session(self) -> Session:
        return self._orbital

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
        names = tuple(sorted(set(observatory or observatories())))
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
        return report_of(self.board(), self._orbital.store.database)


def _samples(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.filter(scope=SAMPLE)
        .select(
            *(pl.col("check").alias("name"), "observatory", "subject"),
            *(pl.col("time").cast(TT), "value", "value_err", "unit", "simulated"),
        )
        .sort("name", "observatory", "subject", "time")
    )
