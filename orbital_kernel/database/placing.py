"""Places of light-curve points whose file gives none: by observation or by name.

A point has the place of its file; else that of the observation of its ObsID, if this is
the observation's target; else of a burst catalogue that has its object's name; else of an
observation whose target has that name. `place_source` says which: null is the file.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.database.naming import AT_ONCE, NAMES, SOURCES
from orbital_kernel.database.transaction import Transaction
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal, Null
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.spelling import normalised

SOURCE = "place_source"
OBSERVATION, CATALOGUE, TARGET = SOURCES
FILE, NONE = "file", "none"
BY_KIND = {"burst": CATALOGUE, "target": TARGET}
PLACE = {"ra": pl.Float64, "dec": pl.Float64, SOURCE: pl.String}


def is_placed(tx: Transaction, table: str) -> bool:
    """Return whether points of a table get places: not in tables of an older Orbital."""
    return (
        table.endswith(".photometry") and SOURCE in tx.columns(table) and tx.has(NAMES)
    )


def placed(tx: Transaction, table: str, rows: pa.Table) -> pa.Table:
    """Return rows of photometry with the places that the database has of them."""
    frame = pl.DataFrame(frame_of(rows.select(["object", "obs_id", "ra", "dec"])))
    lacking = pl.any_horizontal(pl.col("ra", "dec").is_null())
    objects_ = frame.filter(lacking).select("object", "obs_id").drop_nulls("object")
    if objects_.is_empty():
        return rows
    places = _places(tx, table.partition(".")[0], objects_.unique())
    if places.is_empty():
        return rows
    joined = frame.join(
        places,
        on=["object", "obs_id"],
        how="left",
        nulls_equal=True,
        suffix="_given",
        maintain_order="left",
    ).with_columns(
        *(
            pl.when(lacking).then(pl.col(f"{c}_given")).otherwise(pl.col(c)).alias(c)
            for c in ("ra", "dec")
        ),
        pl.when(lacking).then(pl.col(SOURCE)).alias(SOURCE),
    )
    ra, dec = (joined[c].to_numpy() for c in ("ra", "dec"))
    cells = pl.Series("healpix", np.asarray(healpix(ra, dec)))
    columns = {
        "ra": joined["ra"],
        "dec": joined["dec"],
        "healpix": pl.select(pl.when(cells >= 0).then(cells)).to_series(),
        SOURCE: joined[SOURCE],
    }
    for name, column in columns.items():
        at = rows.schema.get_field_index(name)
        field = rows.schema.field(at)
        rows = rows.set_column(at, field, column.to_arrow().cast(field.type))
    return rows


def places_by(rows: pa.Table, column: str) -> dict[str, dict[str, int]]:
    """Return the number of points by the source of their place, by the values of a column."""
    source = (
        pl.when(pl.any_horizontal(pl.col("ra", "dec").is_null()))
        .then(pl.lit(NONE))
        .otherwise(pl.col(SOURCE).fill_null(FILE))
        .alias(SOURCE)
    )
    frame = frame_of(rows.select(["ra", "dec", SOURCE, column])).select(column, source)
    places: dict[str, dict[str, int]] = {}
    for value, place, number in (
        frame.group_by(column, SOURCE).len().sort(SOURCE).rows()
    ):
        places.setdefault(value, {})[place] = number
    return places


def fill(
    tx: Transaction, names: Iterable[str], tables: Sequence[str] | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """Give places again to stored points of objects of these normalised names.

    Yields the points that were written, with their table.
    """
    if tables is None:
        tables = [f"{o}.photometry" for o in observatories()]
    tables = [table for table in tables if tx.has(table) and is_placed(tx, table)]
    keys = sorted(set(names))
    for at in range(0, len(keys), AT_ONCE):
        clauses = [
            _in("normalised", keys[at : at + AT_ONCE]),
            _in("kind", ["object"]),
        ]
        columns = ("table", "object_id")
        objects_ = frame_of(tx.select(NAMES, clauses, columns=columns))
        for table in tables:
            spelled = objects_.filter(pl.col("table") == table)["object_id"]
            if len(spelled):
                yield table, _fill(tx, table, spelled.to_list())


def _fill(tx: Transaction, table: str, objects_: Sequence[str]) -> pa.Table:
    """Write the points of these objects whose place has changed; return them."""
    of_objects = _in("object", objects_)
    sources = Clause(SOURCE, tuple(map(Equal, SOURCES)))
    without = [Clause("healpix", (Null(),)), Clause(SOURCE, (Null(),))]
    stored = pa.concat_tables(
        tx.select(table, [of_objects, *clauses], row_ids=True)
        for clauses in (without, [sources])
    )
    rows = stored.drop_columns([tx.row_id])
    given = pc.is_valid(rows[SOURCE])
    bare = rows
    for name in ("ra", "dec", "healpix", SOURCE):
        at = rows.schema.get_field_index(name)
        empty = pa.nulls(len(rows), rows.schema.field(at).type)
        bare = bare.set_column(
            at, rows.schema.field(at), pc.if_else(given, empty, rows[name])
        )
    fresh = placed(tx, table, bare)
    compared = [
        frame_of(part.select(["ra", "dec", SOURCE])).with_row_index("row")
        for part in (rows, fresh)
    ]
    same = compared[0].join(compared[1], on=compared[0].columns, nulls_equal=True)
    changed = compared[0].join(same, on="row", how="anti")["row"].to_arrow()
    written = fresh.take(changed)
    if len(written):
        tx.delete_rows(table, stored.take(changed))
        tx.insert(table, written)
    return written


def _places(tx: Transaction, observatory: str, objects_: pl.DataFrame) -> pl.DataFrame:
    """Return ra, dec and source by object and obs_id, of those that have a place."""
    keyed = _keyed(objects_, "object")
    by_observation = _of_observations(tx, observatory, keyed)
    remaining = keyed.join(
        by_observation, on=["object", "obs_id"], how="anti", nulls_equal=True
    )
    by_name = remaining.join(_of_names(tx, remaining), on="normalised")
    columns = ["object", "obs_id", *PLACE]
    return pl.concat([by_observation.select(columns), by_name.select(columns)])


def _of_observations(
    tx: Transaction, observatory: str, keyed: pl.DataFrame
) -> pl.DataFrame:
    """Return the places of pointings whose target is the object."""
    obs_ids = keyed["obs_id"].drop_nulls().unique().sort().to_list()
    table, columns = f"{observatory}.observations", ("obs_id", "object", "ra", "dec")
    frames = [
        frame_of(
            tx.select(
                table, [_in("obs_id", obs_ids[at : at + AT_ONCE])], columns=columns
            )
        )
        for at in range(0, len(obs_ids), AT_ONCE)
    ]
    empty = {c: pl.Float64 if c in PLACE else pl.String for c in columns}
    pointings = pl.concat([pl.DataFrame(schema=empty), *frames]).drop_nulls()
    targets = _keyed(pointings, "object").rename({"object": "target"})
    return keyed.join(targets, on=["obs_id", "normalised"]).with_columns(
        pl.lit(OBSERVATION).alias(SOURCE)
    )


def _of_names(tx: Transaction, keyed: pl.DataFrame) -> pl.DataFrame:
    """Return the places of bursts and targets by normalised name, bursts first."""
    keys = keyed["normalised"].unique().sort().to_list()
    columns = ("normalised", "kind", "ra", "dec", "error_arcsec", "table")
    frames = [
        frame_of(
            tx.select(
                NAMES,
                [_in("normalised", keys[at : at + AT_ONCE]), _in("kind", [*BY_KIND])],
                columns=columns,
            )
        )
        for at in range(0, len(keys), AT_ONCE)
    ]
    text = dict.fromkeys(columns, pl.String)
    empty = pl.DataFrame(schema=text | dict.fromkeys(columns[2:5], pl.Float64))
    return (
        pl.concat([empty, *frames])
        .drop_nulls(["ra", "dec"])
        .sort("kind", "error_arcsec", "table", "ra", "dec", nulls_last=True)
        .unique("normalised", keep="first", maintain_order=True)
        .select(
            "normalised",
            "ra",
            "dec",
            pl.col("kind")
            .replace_strict(BY_KIND, return_dtype=pl.String)
            .alias(SOURCE),
        )
    )


def _keyed(rows: pl.DataFrame, label: str) -> pl.DataFrame:
    names = rows[label].drop_nulls().unique()
    keys = dict(zip(names, map(normalised, names), strict=True))
    if not keys:
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias("normalised"))
    column = pl.col(label).replace_strict(keys, default=None, return_dtype=pl.String)
    return rows.with_columns(column.alias("normalised"))


def _in(column: str, values: Sequence[str]) -> Clause:
    return Clause(column, tuple(map(Equal, values)))
