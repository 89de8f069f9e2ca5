"""How a call was answered that asks several queries: each of them, rows read and time."""

import time as clock
from dataclasses import dataclass, field

import polars as pl

from orbital_kernel.query.answer import Explain


@dataclass(eq=False, repr=False)
class Explanation:
    """The queries of one call. `orbital.explained()` yields one.

    Parameters
    ----------
    queries : list of Explain
        How each query was answered, in order of their ends.
    kinds : list of str
        Their labels in the latency ledger.
    milliseconds : float
        Duration of the call, ms; queries run side by side, so it may be less than the
        sum of theirs.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> with orbital.explained() as explanation:
    ...     names = orbital.names.find("SIM AGN 1")
    >>> [query.table for query in explanation.queries]
    ['cross.names']
    """

    queries: list[Explain] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    milliseconds: float = 0.0

    def __post_init__(self) -> None:
        self._start = clock.perf_counter()

    @property
    def rows_read(self) -> int | None:
        """Rows read by the server; None if it does not report them.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.rows_read
        0
        """
        counts = [query.rows_read for query in self.queries]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def rows_stored(self) -> int:
        """Rows of the tables that were queried.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.rows_stored
        0
        """
        return sum({query.table: query.rows_stored for query in self.queries}.values())

    @property
    def rows_returned(self) -> int:
        """Rows that the queries returned.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.rows_returned
        0
        """
        return sum(query.rows_returned for query in self.queries)

    @property
    def stages(self) -> dict[str, float]:
        """Time by stage, ms, summed over queries that may have run side by side.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.stages
        {}
        """
        stages: dict[str, float] = {}
        for query in self.queries:
            for stage, spent in query.stages.items():
                stages[stage] = round(stages.get(stage, 0.0) + spent, 3)
        return stages

    @property
    def frame(self) -> pl.DataFrame:
        """One row per query: kind, table, conditions, rows and milliseconds (ms).

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.frame.columns[:2]
        ['kind', 'table']
        """
        return pl.DataFrame(
            [
                {
                    "kind": kind,
                    "table": query.table,
                    "conditions": "; ".join([*query.pushed, *query.residual]),
                    "order": query.projection or "table",
                    "rows_read": query.rows_read,
                    "rows_stored": query.rows_stored,
                    "rows_returned": query.rows_returned,
                    "milliseconds": query.milliseconds,
                }
                for kind, query in zip(self.kinds, self.queries, strict=True)
            ],
            schema={
                **dict.fromkeys(("kind", "table", "conditions", "order"), pl.String),
                **dict.fromkeys(("rows_read", "rows_stored"), pl.Int64),
                "rows_returned": pl.Int64,
                "milliseconds": pl.Float64,
            },
        )

    def add(self, kind: str, how: Explain) -> None:
        """Take one query of the call.

        Parameters
        ----------
        kind : str
            Its label in the latency ledger.
        how : Explain
            How it was answered.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> Explanation().queries
        []
        """
        self.kinds.append(kind)
        self.queries.append(how)

    def finish(self) -> None:
        """Note the duration of the call.

        Examples
        --------
        >>> from orbital_kernel.query import Explanation
        >>> explanation = Explanation()
        >>> explanation.finish()
        >>> explanation.milliseconds >= 0
        True
        """
        spent = 1e3 * (clock.perf_counter() - self._start)
        self.milliseconds = round(spent, 3)

    def __str__(self) -> str:
        """Return the explanation in lines."""
        read = "unknown" if self.rows_read is None else f"{self.rows_read:,}"
        stages = ", ".join(f"{n} {ms:.1f}" for n, ms in self.stages.items())
        lines = [
            (
                f"{len(self.queries)} queries read {read} of {self.rows_stored:,} rows, "
                f"returned {self.rows_returned:,}, in {self.milliseconds:.1f} ms"
            ),
            f"time by stage, ms, summed over queries side by side: {stages or 'none'}",
        ]
        lines += [
            f"{row['table']} ({row['order']}): {row['rows_read']} rows read, "
            f"{row['rows_returned']:,} returned, {row['milliseconds']:.1f} ms: "
            f"{row['conditions'] or 'everything'}"
            for row in self.frame.to_dicts()
        ]
        return "\n".join(lines)
