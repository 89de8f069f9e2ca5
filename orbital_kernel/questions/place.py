"""Everything known at a place: every table of every observatory, in one call."""

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.model.observatory import Observatory, observatories
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Answer, Cone, Explain, Query
from orbital_kernel.questions.asking import Asks, account, together
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.visibility import field_radius_arcmin

WIDEST_FIELD_ARCMIN = 60.0
LONGEST_EXPOSURE = timedelta(days=4)
NEAR = {
    "sources": "position within the radius, or within its own error of it",
    "photometry": "position within the radius, or points of an object found there",
    "events": "photons within the radius, of the observations that cover the place",
    "observations": "the instrument's field of view holds the place",
    "grbs": "the error circle holds the place",
    "notices": "the error circle holds the place",
    "objects": "position within the radius, or within its error of it",
}
WIDEST_SOURCE_ERROR_ARCMIN = 10.0
ERRORS = ("error_radius_arcsec", "error_major_arcsec")


@dataclass(frozen=True)
class Known:
    """What is known at a place (ICRS deg, radius in arcmin).

    `tables` maps full table names to their rows, each with `separation_arcmin`, nearest
    first; of `events` a row an observation with the count. `summary` has a row a table:
    rows, the nearest's separation, by which rule, whether any row is simulated.
    `position_catalog` says where the position is from if the place was a name.
    """

    ra: float
    dec: float
    radius_arcmin: float
    tables: Mapping[str, pl.DataFrame]
    how: Explain
    position_catalog: str | None = None

    @property
    def summary(self) -> pl.DataFrame:
        """How much each table has, and by which rule."""
        return pl.DataFrame(
            [
                {
                    "table": name,
                    "rows": frame["events"].sum()
                    if name.endswith(".events")
                    else len(frame),
                    "nearest_arcmin": frame["separation_arcmin"].min(),
                    "rule": NEAR[name.partition(".")[2]],
                    "simulated": simulated(frame),
                }
                for name, frame in self.tables.items()
            ],
            schema={
                "table": pl.String,
                "rows": pl.Int64,
                "nearest_arcmin": pl.Float64,
                "rule": pl.String,
                "simulated": pl.Boolean,
            },
        )

    def __str__(self) -> str:
        """Return the summary in lines."""
        return "\n".join(
            f"{row['table']}: {row['rows']:,}"
            f"{' simulated' if row['simulated'] else ''} ({row['rule']})"
            for row in self.summary.to_dicts()
        )


def known_at(
    orbital: Asks, ra: float, dec: float, *, radius_arcmin: float = 1.0
) -> Known:
    """Return everything the store knows of a place.

    Sources, photometry and photons within the radius, observations whose field of view
    holds it, bursts and notices whose error circle does. All tables are asked side by
    side; photons in a second round, of the observations found.
    """
    began = clock.perf_counter()
    here = Cone(ra, dec, radius_arcmin)
    known = observatories()
    queries = {
        name: query for one in known.values() for name, query in _queries(one, here)
    }
    queries["cross.objects"] = _wide("cross.objects", here, WIDEST_SOURCE_ERROR_ARCMIN)
    asked = dict(
        zip(
            queries,
            together(orbital, list(queries.values()), kind="place"),
            strict=True,
        )
    )
    found = {
        name: _found(name, answer.frame, here, known) for name, answer in asked.items()
    }
    more = _second_round(orbital, found, here)
    rows = {
        **found,
        **{name: _added(name, frame, found) for name, (_, frame) in more.items()},
    }
    order = [n for n in sorted(rows) if len(rows[n])]
    answers = [*asked.values(), *(a for given, _ in more.values() for a in given)]
    how = account(
        answers,
        sum(len(rows[name]) for name in order),
        [f"{n}: {rule}" for n, rule in NEAR.items()],
        began,
    )
    return Known(ra, dec, radius_arcmin, {name: rows[name] for name in order}, how)


def _queries(one: Observatory, here: Cone) -> list[tuple[str, Query]]:
    fields = [field_of(one, None)]
    name = one.name
    return [
        (f"{name}.sources", _wide(f"{name}.sources", here, WIDEST_SOURCE_ERROR_ARCMIN)),
        (f"{name}.photometry", Query(f"{name}.photometry", cone=here, full_scan=True)),
        (f"{name}.observations", _wide(f"{name}.observations", here, max(fields))),
        *(
            (
                f"{name}.{table}",
                Query(f"{name}.{table}", not_null=("ra", "dec"), full_scan=True),
            )
            for table in ("grbs", "notices")
        ),
    ]


def _wide(table: str, here: Cone, more_arcmin: float) -> Query:
    radius = min(here.radius_arcmin + more_arcmin, 180 * 60)
    return Query(table, cone=Cone(here.ra, here.dec, radius))


def _found(
    name: str, rows: pl.DataFrame, here: Cone, known: Mapping[str, Observatory]
) -> pl.DataFrame:
    """Keep the rows whose rule holds, nearest first."""
    room, _, table = name.partition(".")
    apart = 60 * separation_deg(here.ra, here.dec, rows["ra"], rows["dec"])
    rows = rows.with_columns(pl.Series("separation_arcmin", apart, dtype=pl.Float64))
    reach: pl.Expr | pl.Series = pl.lit(here.radius_arcmin)
    if table == "observations":
        widths = {i: field_of(known[room], i) for i in rows["instrument"].unique()}
        reach = pl.Series([widths[i] for i in rows["instrument"]], dtype=pl.Float64)
    elif table != "photometry":
        errors = [pl.col(e) for e in ERRORS if e in rows.columns]
        reach = pl.max_horizontal(
            here.radius_arcmin, *(e.fill_nan(None) / 60 for e in errors)
        )
    return _nearest_first(rows.filter(pl.col("separation_arcmin") <= reach))


def _nearest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows by separation; of equal ones every column decides."""
    return rows.sort("separation_arcmin", *rows.columns, nulls_last=True)


def field_of(one: Observatory, instrument: str | None) -> float:
    """Return the field's radius of an instrument as a log names it, arcmin.

    An instrument not known, or one whose field is no image's, counts as the widest
    that points.
    """
    fields = {
        i.name.casefold(): field_radius_arcmin(i.field_of_view) for i in one.instruments
    }
    pointed = [f for f in fields.values() if f <= WIDEST_FIELD_ARCMIN]
    widest = max(pointed or fields.values())
    named = (instrument or "").casefold()
    mine = [
        f
        for name, f in fields.items()
        if named.startswith(name) and f <= WIDEST_FIELD_ARCMIN
    ]
    return mine[0] if mine else widest


def _second_round(
    orbital: Asks, found: Mapping[str, pl.DataFrame], here: Cone
) -> dict[str, tuple[list[Answer], pl.DataFrame]]:
    """Ask for photons of the observations found, and for points by the objects' names."""
    events = {
        name.replace("observations", "events"): _photons(name, rows, here)
        for name, rows in found.items()
        if name.endswith(".observations")
    }
    names = _names(found, here)
    points = {
        name: [Query(name, sets={"object": names}, null=("ra",), full_scan=True)]
        for name in found
        if name.endswith(".photometry") and names
    }
    wanted = {**events, **points}
    flat = [query for queries in wanted.values() for query in queries]
    answers = iter(together(orbital, flat, kind="place"))
    more = {}
    for name, queries in wanted.items():
        mine = [next(answers) for _ in queries]
        if not mine:
            continue
        rows = pl.concat(answer.frame for answer in mine)
        more[name] = (mine, _counted(rows, here) if name in events else rows)
    return more


def _photons(name: str, rows: pl.DataFrame, here: Cone) -> list[Query]:
    table = name.replace("observations", "events")
    return [
        Query(
            table,
            columns=("obs_id", "ra", "dec", "time", "simulated"),
            cone=here,
            sets={"obs_id": [row["obs_id"]]},
            ranges={"time": _span(row)},
        )
        for row in rows.filter(
            pl.col("time").is_not_null(), pl.col("exposure_s").fill_null(1) > 0
        ).to_dicts()
    ]


def _span(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start = row["time"]
    return start - timedelta(days=1), (row["time_stop"] or start) + LONGEST_EXPOSURE


def _names(found: Mapping[str, pl.DataFrame], here: Cone) -> list[str]:
    """Return names objects at the place go by: targets and points within the radius."""
    columns = {"observations": "object", "photometry": "object", "grbs": "name"}
    given = {
        name
        for table, rows in found.items()
        if (column := columns.get(table.partition(".")[2])) and len(rows)
        for name in rows.filter(pl.col("separation_arcmin") <= here.radius_arcmin)[
            column
        ]
        if name
    }
    return sorted(given)


def _added(
    name: str, rows: pl.DataFrame, found: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    if name.endswith(".events"):
        return rows
    extra = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("separation_arcmin"))
    more = extra.select(found[name].columns)
    return pl.concat([found[name], _nearest_first(more)])


def _counted(rows: pl.DataFrame, here: Cone) -> pl.DataFrame:
    """Return photons counted by observation, with the nearest's separation."""
    apart = 60 * separation_deg(here.ra, here.dec, rows["ra"], rows["dec"])
    return (
        rows.with_columns(pl.Series("separation_arcmin", apart, dtype=pl.Float64))
        .group_by("obs_id", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("events"),
            pl.col("time").min().alias("time"),
            pl.col("time").max().alias("time_stop"),
            pl.col("separation_arcmin").min(),
            pl.col("simulated").max(),
        )
        .sort("separation_arcmin", "obs_id", nulls_last=True)
    )
