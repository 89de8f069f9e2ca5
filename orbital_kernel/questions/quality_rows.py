"""Results of quality checks as rows of ops.quality, and the board read from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.questions.asking import Session
from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality import CHECKS, WORST_FIRST, Judged

TABLE = "ops.quality"
STORE, INGEST, SAMPLE = "store", "ingest", "sample"
MOST_SAMPLES = 500
"""Longer series are stored as medians of as many stretches."""
BOARD = (
    *("name", "observatory", "subject", "value", "value_err", "unit", "state"),
    *("since_utc", "since_low_utc", "since_high_utc", "change", "limit"),
    *("limit_origin", "evidence", "scope", "checked_utc", "simulated"),
)
KEYS = ["check", "observatory", "subject"]


def result_rows(
    judgements: Sequence[tuple[str, Judged]],
    *,
    run: str,
    checked: datetime,
    scope: str,
    simulated: bool = False,
) -> pl.DataFrame:
    """Return one row per result."""
    rows = [
        {
            "checked": checked,
            "subject": j.measured.subject,
            "check": j.measured.check,
            "state": j.state,
            "value": None if j.state == "unknown" else j.measured.value,
            "limit": j.limit,
            "unit": CHECKS[j.measured.check].unit,
            "reason": j.evidence,
            "observatory": observatory,
            "scope": scope,
            "time": j.since if j.state != "ok" or j.change else None,
            "time_low": j.change.low if j.change else None,
            "time_high": j.change.high if j.change else None,
            "value_err": j.measured.error,
            "change": j.change.kind if j.change else "",
            "run": run,
            "simulated": simulated,
        }
        for observatory, j in judgements
    ]
    return pl.DataFrame(rows, schema=_types()).with_columns(
        pl.col("time", "time_low", "time_high").cast(TT)
    )


def sample_rows(
    judgements: Sequence[tuple[str, Judged]],
    *,
    run: str,
    checked: datetime,
    simulated: bool = False,
) -> pl.DataFrame:
    """Return the samples of each series, at most MOST_SAMPLES."""
    parts = [result_rows([], run=run, checked=checked, scope=SAMPLE)]
    for observatory, j in judgements:
        samples = j.measured.samples
        if samples is None or not len(samples):
            continue
        thin = _thinned(samples)
        error = "error" if "error" in thin.columns else pl.lit(None, pl.Float64)
        parts.append(
            thin.select(
                checked=pl.lit(checked).cast(pl.Datetime("ns")),
                subject=pl.lit(j.measured.subject),
                check=pl.lit(j.measured.check),
                state=pl.lit(""),
                value=pl.col("value").cast(pl.Float64),
                limit=pl.lit(None, pl.Float64),
                unit=pl.lit(CHECKS[j.measured.check].unit),
                reason=pl.lit(""),
                observatory=pl.lit(observatory),
                scope=pl.lit(SAMPLE),
                time=pl.col("time").cast(TT),
                time_low=pl.lit(None, TT),
                time_high=pl.lit(None, TT),
                value_err=pl.lit(None, pl.Float64) if error is None else error,
                change=pl.lit(""),
                run=pl.lit(run),
                simulated=pl.lit(simulated),
            )
        )
    return pl.concat(parts)


def write(
    orbital: Session, results: pl.DataFrame, samples: pl.DataFrame | None = None
) -> None:
    """Add results; samples replace those of the same checks."""
    with orbital.store.transaction() as tx:
        tx.widen(TABLE)
        if samples is not None and len(results):
            names = tuple(Equal(name) for name in results["check"].unique().sort())
            tx.delete(
                TABLE, [Clause("scope", (Equal(SAMPLE),)), Clause("check", names)]
            )
        rows = results if samples is None else pl.concat([results, samples])
        if len(rows):
            tx.insert(TABLE, rows.to_arrow())


def read(orbital: Session, clauses: Sequence[Clause]) -> pl.DataFrame:
    """Return rows of ops.quality; the columns that an older database lacks are null."""
    with orbital.store.transaction() as tx:
        rows = frame_of(tx.select(TABLE, clauses))
    return pl.concat(
        [result_rows([], run="", checked=datetime(1970, 1, 1), scope=""), rows],  # noqa: DTZ001
        how="diagonal_relaxed",
    )


def board_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the newest result of each check and subject, worst first.

    Results of the rows of one ingest count until the next run over the store, if they
    are not ok.
    """
    results = rows.filter(pl.col("scope").is_in([STORE, INGEST]))
    of_store = results.filter(scope=STORE)
    last = of_store["checked"].max()
    latest = _current(of_store)
    since = pl.lit(value=True) if last is None else pl.col("checked") > last
    fresh = (
        results.filter((pl.col("scope") == INGEST) & (pl.col("state") != "ok") & since)
        .sort("checked")
        .unique(KEYS, keep="last", maintain_order=True)
    )
    return displayed(pl.concat([latest, fresh]))


def _current(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the results that no later run replaces.

    A run replaces earlier results of a check on the same subject and an observatory of
    its own, and those on other subjects if it examined all of their observatories.
    """
    names = pl.col("observatory").str.split(", ")
    examined = names.list.explode(keep_nulls=False, empty_as_null=False)
    scopes = rows.group_by("check", "run").agg(pl.col("checked").max().alias("later"))
    runs = rows.group_by("run").agg(examined.unique().alias("examined"))
    subjects = rows.select("check", "run", "subject", names.alias("of")).group_by(
        "check", "run", "subject"
    )
    again = subjects.agg(
        pl.col("of").list.explode(keep_nulls=False, empty_as_null=False)
    )
    newest = rows.sort("checked").unique(KEYS, keep="last", maintain_order=True)
    numbered = newest.with_row_index("_row").with_columns(names.alias("own"))
    after = (
        numbered.select("_row", "check", "checked", "subject", "own")
        .join(scopes.join(runs, on="run"), on="check")
        .filter(pl.col("later") > pl.col("checked"))
        .join(again, on=["check", "run", "subject"], how="left")
    )
    covered = pl.col("own").list.set_difference("examined").list.len() == 0
    shared = pl.col("own").list.set_intersection("of").list.len() > 0
    replaced = after.filter(covered | shared.fill_null(value=False))["_row"].unique()
    return numbered.filter(~pl.col("_row").is_in(replaced.implode())).drop(
        "_row", "own"
    )


def displayed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return results with the columns of the board, worst first."""
    rank = {state: k for k, state in enumerate(WORST_FIRST)}
    order = {name: k for k, name in enumerate(CHECKS)}
    origins = {name: check.limits.origin for name, check in CHECKS.items()}
    utc = {
        name: pl.Series(
            times.to_utc_iso(rows[column].cast(TT).to_numpy()), dtype=pl.String
        )
        for name, column in (
            ("since_utc", "time"),
            ("since_low_utc", "time_low"),
            ("since_high_utc", "time_high"),
        )
    }
    return (
        rows.with_columns(**utc)
        .with_columns(
            pl.col("check").alias("name"),
            pl.col("reason").alias("evidence"),
            pl.col("check")
            .replace_strict(origins, default="", return_dtype=pl.String)
            .alias("limit_origin"),
            (pl.col("checked").dt.strftime("%Y-%m-%dT%H:%M:%S") + "Z").alias(
                "checked_utc"
            ),
            pl.col("state")
            .replace_strict(rank, default=2, return_dtype=pl.Int64)
            .alias("_rank"),
            pl.col("check")
            .replace_strict(order, default=99, return_dtype=pl.Int64)
            .alias("_order"),
        )
        .sort("_rank", "_order", "observatory", "subject")
        .select(BOARD)
    )


def _thinned(samples: pl.DataFrame) -> pl.DataFrame:
    series = samples.drop_nulls(["time", "value"]).sort("time")
    if len(series) <= MOST_SAMPLES:
        return series
    part = pl.int_range(pl.len()) * MOST_SAMPLES // pl.len()
    return (
        series.group_by(part.alias("part"), maintain_order=True)
        .agg(pl.col("time").first(), pl.col("value").median())
        .drop("part")
    )


def _types() -> dict[str, Any]:
    empty = frame_of(schema.table(TABLE).arrow.empty_table())
    return {
        name: pl.Int64() if name in ("time", "time_low", "time_high") else kind
        for name, kind in empty.schema.items()
    }
