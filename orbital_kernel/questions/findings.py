"""New sources and points compared with all that was known at their place.

Only rows near the new ones are read, by cones: one for each field of new rows. Results are
kept in cross.findings.
"""

import json
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.sky import healpix, separation_deg
from orbital_kernel.query import Answer, Cone, Explain, Query
from orbital_kernel.questions.asking import (
    Session,
    joint_explain,
    positioned,
    together,
)
from orbital_kernel.questions.findings_kept import COLUMNS, TABLE, keep, parts_of
from orbital_kernel.questions.positions import NEARBY_ARCSEC
from orbital_kernel.science.columns import finite
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.novelty import (
    BRIGHTENING,
    FADING,
    NEW,
    ROW,
    SIGMAS,
    compared,
)
from orbital_kernel.science.one_band import BAND_KEV, in_one_band, reasons

FILES = ("sha256", "observatory", "state", "ingested")
KINDS = (BRIGHTENING, FADING, NEW)
"""What comparing new rows finds; other kinds are of searches for rare events."""
FIELD_ORDER = 44
"""Bits of the HEALPix index (order 29) within a cell of order 7, about 27 arcmin."""
WIDEST_ARCSEC = 30.0
RATIO, EXPECTED = 5.0, 0.01
SOURCES = (
    *("catalog", "source_id", "obs_id", "ra", "dec", "error_radius_arcsec"),
    *("error_major_arcsec", "error_minor_arcsec", "error_angle_deg", "kind"),
    *("error_confidence", "flux", "flux_low", "flux_high", "is_limit", "flux_unit"),
    *("band_low_kev", "band_high_kev", "file_sha256", "file_row", "simulated"),
)
POINTS = (
    *("object", "obs_id", "time", "ra", "dec", "value", "value_err_plus"),
    *("value_err_minus", "is_limit", "unit", "band_low_kev", "band_high_kev"),
    *("instrument", "file_sha256", "file_row", "simulated"),
)


@dataclass(frozen=True)
class Comparison:
    """New rows compared with what was known at their places.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows as in cross.findings, rarest first.
    alerts : polars.DataFrame
        Those of them beyond the ratio and the odds.
    new : int
        How many new rows were examined.
    excluded : mapping of str to int
        New and earlier rows that are not compared, by reason.
    how : Explain
        How the rows were found.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> comparison = orbital.compare_new()
    >>> comparison.new >= len(comparison.rows) >= len(comparison.alerts)
    True
    """

    rows: pl.DataFrame
    alerts: pl.DataFrame
    new: int
    excluded: Mapping[str, int]
    how: Explain | None

    def __str__(self) -> str:
        """Return the numbers and what is excluded in lines."""
        first = (
            f"{self.new} new rows: {len(self.rows)} compared with earlier ones at their "
            f"place, {len(self.alerts)} beyond the limits of alerts"
        )
        excluded = (f"excluded: {n} rows: {why}" for why, n in self.excluded.items())
        return "\n".join((first, *excluded))


def compare_new(
    orbital: Session,
    *,
    since: datetime | None,
    ratio: float,
    expected: float,
    counts_to_flux: Mapping[str, CountsToFlux],
) -> Comparison:
    """Compare rows of files ingested since then, in order of ingestion, and keep them.

    `since` is UTC; by default the last comparison.
    """
    start = clock.perf_counter()
    files = orbital.query(Query("ops.files", FILES, full_scan=True), kind="findings")
    ledger = files.frame.sort("ingested").with_row_index("order", offset=1)
    begin = since or _last(orbital)
    fresh = ledger if begin is None else ledger.filter(pl.col("ingested") > begin)
    order = dict(ledger.select("sha256", "order").iter_rows())
    excluded: dict[str, int] = {}
    answers = [files]
    arrived = _rows(
        orbital,
        [
            (name, table, {"sets": {"file_sha256": part}, "full_scan": True})
            for (name,), group in fresh.group_by(["observatory"], maintain_order=True)
            if name in observatories()
            for part in parts_of(group["sha256"].unique().sort().to_list())
            for table in ("sources", "photometry")
        ],
        answers,
    )
    arrived = _with_places(arrived, excluded)
    new = _normalised(arrived, order, counts_to_flux, excluded, "new")
    stored_rows = _rows(
        orbital,
        [
            (name, table, {"cone": cone})
            for cone in _fields(new)
            for name in observatories()
            for table in ("sources", "photometry")
        ],
        answers,
    )
    stored = _normalised(stored_rows, order, counts_to_flux, excluded, "earlier")
    result = _described(compared(new, stored.unique(["table", "key"])))
    extreme = pl.max_horizontal(pl.col("ratio_faintest"), 1 / pl.col("ratio_brightest"))
    alerts = result.filter(extreme >= ratio, pl.col("expected") <= expected)
    if len(result):
        keep(orbital, result)
    how = joint_explain(answers, len(result), ["compared in one band"], start)
    return Comparison(result, alerts, len(new), excluded, how)


def findings(orbital: Session, since: str | None, kind: str | None) -> Answer:
    """Return the kept findings, rarest first."""
    ranges = {} if since is None else {"found": (_utc(since), None)}
    sets = {} if kind is None else {"kind": [kind]}
    query = Query(TABLE, ranges=ranges, sets=sets, full_scan=True)
    answer = orbital.query(query, kind="findings")
    rows = answer.frame.sort("expected", "finding_id", nulls_last=True)
    return Answer(rows, answer.how, answer.units, answer.ucds)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _last(orbital: Session) -> datetime | None:
    """Return when rows were compared last, UTC."""
    query = Query(TABLE, ("found",), sets={"kind": [*KINDS]}, full_scan=True)
    found = orbital.query(query, kind="findings").frame["found"].max()
    return found if isinstance(found, datetime) else None


def _rows(
    orbital: Session,
    requests: Sequence[tuple[str, str, dict[str, object]]],
    answers: list[Answer],
) -> list[tuple[str, str, pl.DataFrame]]:
    """Return (observatory, table, rows) of each query."""
    queries = [
        Query(
            f"{name}.{table}",
            SOURCES if table == "sources" else POINTS,
            not_null=() if "sets" in conditions else ("ra", "dec"),
            **conditions,  # type: ignore[arg-type]
        )
        for name, table, conditions in requests
    ]
    replies = together(orbital, queries, kind="findings")
    answers += replies
    return [
        (name, table, reply.frame)
        for (name, table, _), reply in zip(requests, replies, strict=True)
    ]


def _with_places(
    parts: list[tuple[str, str, pl.DataFrame]], excluded: dict[str, int]
) -> list[tuple[str, str, pl.DataFrame]]:
    """Return the rows with a position; count the others."""
    located = [
        (
            name,
            table,
            rows.filter(finite("ra").is_not_null(), finite("dec").is_not_null()),
        )
        for name, table, rows in parts
    ]
    lost = sum(len(rows) for *_, rows in parts) - sum(len(rows) for *_, rows in located)
    if lost:
        excluded["new: no position"] = lost
    return located


def _fields(new: pl.DataFrame) -> list[Cone]:
    """Return one cone for each field of new rows, wide enough for their errors."""
    if new.is_empty():
        return []
    cell = pl.Series(
        healpix(new["ra"].to_numpy(), new["dec"].to_numpy()) >> FIELD_ORDER
    )
    cones = []
    for _, group in new.group_by(cell.alias("cell"), maintain_order=True):
        ra, dec = group["ra"][0], group["dec"][0]
        apart = separation_deg(ra, dec, group["ra"].to_numpy(), group["dec"].to_numpy())
        radius = np.max(group["radius_arcsec"].to_numpy())
        margin = SIGMAS * (float(radius) + WIDEST_ARCSEC)
        cones.append(Cone(ra % 360, dec, float(apart.max()) * 60 + margin / 60))
    return cones


def _normalised(
    parts: list[tuple[str, str, pl.DataFrame]],
    order: Mapping[str, int],
    factors: Mapping[str, CountsToFlux],
    excluded: dict[str, int],
    which: str,
) -> pl.DataFrame:
    """Return rows of sources and photometry in one form and band; count the others."""
    frames = [
        _in_band(
            _sources(rows, name) if table == "sources" else _points(rows),
            name,
            table,
            factors,
        )
        for name, table, rows in parts
        if len(rows)
    ]
    if not frames:
        return pl.DataFrame(schema=SHAPE)
    rows = pl.concat(frames, how="diagonal_relaxed")
    for reason, number in reasons(rows).items():
        excluded[f"{which}: {reason}"] = number
    usable = rows.filter(pl.col("unconverted").is_null())
    return usable.with_columns(
        pl.col("file_sha256")
        .replace_strict(order, default=0, return_dtype=pl.Int64)
        .alias("order")
    ).select(pl.col(name).cast(kind) for name, kind in SHAPE.items())


SHAPE: dict[str, pl.DataType] = {
    **{name: pl.Float64() for name in ROW},
    **{n: pl.String() for n in ("table", "key", "object", "observatory", "obs_id")},
    "time": pl.Datetime("ns"),
    "is_limit": pl.Boolean(),
    "order": pl.Int64(),
    "simulated": pl.Boolean(),
}


def _sources(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return sources with flux, bounds and 1-sigma radius."""
    limit = pl.col("is_limit").fill_null(value=False)
    radius = pl.max_horizontal("error_radius_arcsec", "error_major_arcsec")
    quantile = (-2 * (1 - pl.col("error_confidence")).log()).sqrt()
    return positioned(rows, observatory).select(
        pl.col("source_id").alias("object"),
        "obs_id",
        pl.lit(None, pl.Datetime("ns")).alias("time"),
        "ra",
        "dec",
        (radius / quantile).alias("radius_arcsec"),
        pl.when(limit)
        .then(finite("flux_high"))
        .otherwise(finite("flux"))
        .alias("flux"),
        finite("flux_low"),
        finite("flux_high"),
        limit.alias("is_limit"),
        pl.col("flux_unit").alias("unit"),
        *("band_low_kev", "band_high_kev", "file_sha256", "file_row", "simulated"),
    )


def _points(rows: pl.DataFrame) -> pl.DataFrame:
    """Return points with flux, bounds and a radius that stands for no stated error."""
    return rows.select(
        *("object", "obs_id", "time", "ra", "dec"),
        pl.lit(NEARBY_ARCSEC / SIGMAS).alias("radius_arcsec"),
        finite("value").alias("flux"),
        (finite("value") - finite("value_err_minus")).alias("flux_low"),
        (finite("value") + finite("value_err_plus")).alias("flux_high"),
        pl.col("is_limit").fill_null(value=False),
        *("unit", "band_low_kev", "band_high_kev", "file_sha256", "file_row"),
        "simulated",
    )


def _in_band(
    rows: pl.DataFrame, name: str, table: str, factors: Mapping[str, CountsToFlux]
) -> pl.DataFrame:
    """Return rows with fluxes in the one band, or the reason against it."""
    converted = in_one_band(rows, "unit", counts_to_flux=factors.get(name))
    unusable = ~(pl.col("flux") > 0).fill_null(value=False)
    without = ~pl.col("is_limit") & ~(
        pl.col("flux_high") > pl.col("flux_low")
    ).fill_null(value=False)
    return converted.with_columns(
        pl.lit(name).alias("observatory"),
        pl.lit(f"{name}.{table}").alias("table"),
        pl.format(
            "{} {}",
            pl.col("file_sha256").fill_null("?").str.slice(0, 16),
            pl.col("file_row").fill_null(-1),
        ).alias("key"),
        pl.coalesce(
            "unconverted",
            pl.when(unusable).then(pl.lit("no flux or limit above 0")),
            pl.when(without).then(pl.lit("no error of the flux")),
        ).alias("unconverted"),
        (pl.col("factor_err") / pl.col("factor")).alias("relative_err"),
        *(
            (pl.col(n) * pl.col("factor")).alias(n)
            for n in ("flux", "flux_low", "flux_high")
        ),
    )


def _described(rows: pl.DataFrame) -> pl.DataFrame:
    """Return compared rows as rows of cross.findings."""
    now = datetime.now(UTC).replace(tzinfo=None)
    evidence = [
        json.dumps(
            {
                "null": "constant within the errors of fluxes and conversion",
                "earlier": row["earlier_keys"],
                "earlier_detections": row["earlier_detections"],
                "is_limit": row["is_limit"],
            }
        )
        for row in rows.select(
            "earlier_keys", "earlier_detections", "is_limit"
        ).to_dicts()
    ]
    cells = healpix(rows["ra"].to_numpy(), rows["dec"].to_numpy())
    return rows.with_columns(
        pl.format("new-detection {} {}", "table", "key").alias("finding_id"),
        pl.lit(now, pl.Datetime("ns")).alias("found"),
        pl.Series("healpix", cells, dtype=pl.Int64),
        pl.lit(BAND_KEV[0]).alias("band_low_kev"),
        pl.lit(BAND_KEV[1]).alias("band_high_kev"),
        pl.Series("evidence", evidence, dtype=pl.String),
    ).select(COLUMNS)


__all__ = ["EXPECTED", "RATIO", "Comparison", "compare_new", "findings"]
