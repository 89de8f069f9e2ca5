"""Names of objects in rows, and their registration in `cross.names`.

A row there is one name as one table writes it. Its position is that of the smallest
error, a typical one for positions of light curves; of equal ones the first in order of
coordinates, so that the order of files does not matter.
"""

import json
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa

from orbital_kernel.database.transaction import Transaction
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.spelling import normalised

NAMES = "cross.names"
KINDS = {
    "photometry": ("object", "object"),
    "grbs": ("burst", "name"),
    "observations": ("target", "object"),
    "notices": ("notice", "notice_id"),
}
"""By table: the kind of its names, and the column that has them."""
KEY = ("normalised", "name", "kind", "table", "object_id")
POSITION = ("ra", "dec", "error_arcsec", "instrument", "place_source")
SOURCES = ("observation", "catalogue", "target")
"""Sources of places that files do not give, best first."""
AT_ONCE = 5_000
"""Names per request."""
X_RAYS = "erg|count|ph"
"""Units of X-ray points; those of flux densities are others."""


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns from which `names_of` takes names; () if there are none."""
    kind, label = KINDS.get(table.partition(".")[2], ("", ""))
    more = {
        "object": ("instrument", "place_source", "unit", "is_limit"),
        "burst": ("error_radius_arcsec",),
        "notice": ("error_radius_arcsec",),
    }
    return (label, "ra", "dec", "simulated", *more.get(kind, ())) if label else ()


def names_of(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct names in rows of a table, without aliases."""
    kind, label = KINDS[table.partition(".")[2]]
    of_points = kind == "object"
    if of_points and "place_source" not in rows.columns:  # of an earlier Orbital
        rows = rows.with_columns(place_source=pl.lit(None, dtype=pl.String))
    none = pl.lit(None, dtype=pl.String)
    error = pl.lit(None, dtype=pl.Float64)
    if of_points:
        error = _typical_error()
    elif "error_radius_arcsec" in rows.columns:
        error = pl.col("error_radius_arcsec")
    is_of_file = pl.col("ra").is_not_null()
    if of_points:
        is_of_file &= pl.col("place_source").is_null()
    detected = pl.lit(None, dtype=pl.Boolean)
    if of_points:
        detected = is_detection()
    placed = rows.filter(pl.col(label).is_not_null()).select(
        pl.col(label).alias("name"),
        "ra",
        "dec",
        pl.when(is_of_file).then(error).alias("error_arcsec"),
        (pl.when(is_of_file).then(_letters()) if of_points else none).alias(
            "instrument"
        ),
        (pl.col("place_source") if of_points else none).alias("place_source"),
        detected.alias("detected"),
        "simulated",
    )
    grouped = placed.group_by("name", *POSITION).agg(
        pl.col("detected").sum().cast(pl.Int64).alias("points"),
        pl.col("simulated").max(),
    )
    return united(
        grouped.with_columns(
            pl.lit(kind).alias("kind"),
            pl.lit(table.partition(".")[0]).alias("observatory"),
            pl.lit(table).alias("table"),
            pl.col("name").alias("object_id"),
        )
    )


def aliases_of(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the names that `extra` of points lists as aliases of their object."""
    lists = (
        rows.filter(
            pl.col("extra").str.contains('"aliases"', literal=True),
            pl.col("object").is_not_null(),
        )
        .select("object", "simulated", pl.col("extra").str.json_path_match("$.aliases"))
        .drop_nulls("extra")
        .unique()
    )
    pairs = [
        {"name": alias, "object_id": row["object"], "simulated": row["simulated"]}
        for row in lists.iter_rows(named=True)
        for alias in _texts(row["extra"])
    ]
    kinds = {"name": pl.String, "object_id": pl.String, "simulated": pl.Boolean}
    names = pl.DataFrame(pairs, schema=kinds).with_columns(
        pl.lit("alias").alias("kind"),
        pl.lit(table.partition(".")[0]).alias("observatory"),
        pl.lit(table).alias("table"),
        pl.lit(None, dtype=pl.Int64).alias("points"),
        *(pl.lit(None, dtype=pl.Float64).alias(c) for c in POSITION[:3]),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in POSITION[3:]),
    )
    return united(names)


def united(names: pl.DataFrame) -> pl.DataFrame:
    """Return each name once, with its best position and the sum of its points."""
    unplaced = pl.any_horizontal(pl.col("ra", "dec").is_null())
    return (
        names.sort(
            unplaced,
            pl.col("place_source").replace_strict(
                {name: rank for rank, name in enumerate(SOURCES)},
                default=-1,
                return_dtype=pl.Int8,
            ),
            *("error_arcsec", "instrument", "ra", "dec"),
            nulls_last=True,
        )
        .group_by("name", "kind", "table", "object_id", maintain_order=True)
        .agg(
            pl.col("observatory", *POSITION).first(),
            pl.col("points").sum(),
            pl.col("simulated").max(),
        )
    )


def rows_of(names: pl.DataFrame) -> pa.Table:
    """Return names as rows of `cross.names`."""
    keys = names["name"].unique()
    by_name = dict(zip(keys, map(normalised, keys), strict=True))
    column = pl.col("name").replace_strict(by_name, return_dtype=pl.String)
    rows = names.with_columns(
        (column if len(names) else pl.col("name")).alias("normalised"),
        pl.Series("healpix", _cells(names), dtype=pl.Int64),
        pl.when(pl.col("kind") == "object").then("points").alias("points"),
    )
    table = schema.table(NAMES)
    return rows.select(c.name for c in table.columns).to_arrow().cast(table.arrow)


def register(tx: Transaction, names: pl.DataFrame) -> int:
    """Register the names of rows that a transaction writes or deletes.

    Each is read back from its table, so that `cross.names` has what is stored then; a
    name that no row has any more is deleted. Returns how many names changed.
    """
    if names.is_empty():
        return 0
    require_table(tx)
    changed = 0
    for part in united(names).sort("name").iter_slices(AT_ONCE):
        fresh = rows_of(_as_stored(tx, part))
        keys = rows_of(part)["normalised"].unique()
        stored = tx.select(NAMES, [_in("normalised", keys.to_pylist())], row_ids=True)
        frame = frame_of(stored).with_row_index("row")
        same = frame.join(part, on=["name", "kind", "table", "object_id"], how="semi")
        changed += replace(tx, stored.take(same["row"].to_arrow()), fresh)
    return changed


def replace(tx: Transaction, stored: pa.Table, fresh: pa.Table) -> int:
    """Write names in place of stored ones, as far as they differ; return how many."""
    before = frame_of(stored).with_row_index("row")
    after = frame_of(fresh).with_row_index("fresh")
    columns = fresh.column_names
    same = before.select("row", *columns).join(after, on=columns, nulls_equal=True)
    stale = before.join(same, on="row", how="anti")
    tx.delete_rows(NAMES, stored.take(stale["row"].to_arrow()))
    new = after.join(same, on="fresh", how="anti")
    if len(new):
        tx.insert(NAMES, new.drop("fresh").to_arrow())
    return len(stale) + len(new)


def require_table(tx: Transaction) -> None:
    """Create `cross.names` in a database of an earlier Orbital."""
    if not tx.has(NAMES):
        tx.create(NAMES)


def _as_stored(tx: Transaction, names: pl.DataFrame) -> pl.DataFrame:
    """Return these names as their tables have them now; aliases as they are."""
    frames = [names.filter(pl.col("kind") == "alias")]
    registered = names.filter(pl.col("kind") != "alias")
    for (table_,), part in registered.group_by("table", maintain_order=True):
        table = str(table_)
        label = KINDS[table.partition(".")[2]][1]
        existing = tx.columns(table)
        columns = [c for c in columns_of(table) if c in existing]
        rows = frame_of(
            tx.select(table, [_in(label, part["object_id"])], columns=columns)
        )
        frames.append(names_of(table, rows).select(names.columns))
    return pl.concat(frames)


def is_detection() -> pl.Expr:
    """Return whether a point is a detection in X-rays."""
    in_x_rays = pl.col("unit").str.contains(X_RAYS)
    return in_x_rays & ~pl.col("is_limit").fill_null(value=False)


def _in(column: str, values: Sequence[str] | pl.Series) -> Clause:
    return Clause(column, tuple(map(Equal, values)))


def _letters() -> pl.Expr:
    return pl.col("instrument").str.extract(r"^([A-Za-z]+)")


def _typical_error() -> pl.Expr:
    """Return the typical error of positions that an instrument's light curves give."""
    errors = {
        instrument.name.upper(): instrument.position_error.radius_arcsec
        for observatory in observatories().values()
        for instrument in observatory.instruments
    }
    return (
        _letters()
        .str.to_uppercase()
        .replace_strict(errors, default=None, return_dtype=pl.Float64)
    )


def _cells(names: pl.DataFrame) -> list[int | None]:
    placed = names.select(
        pl.all_horizontal(pl.col("ra", "dec").is_not_null())
    ).to_series()
    ra, dec = (names[c].fill_null(0.0).to_numpy() for c in ("ra", "dec"))
    cells: list[int] = healpix(ra % 360, dec).tolist() if len(names) else []
    return [c if p else None for c, p in zip(cells, placed, strict=True)]


def _texts(text: str) -> Iterator[str]:
    names = json.loads(text)
    yield from names if isinstance(names, list) else []
