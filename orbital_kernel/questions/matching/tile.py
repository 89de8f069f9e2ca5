"""One tile of a match: read, matched, and written in a transaction of its own.

What a tile writes depends on the catalogues and on the plan's priors only: on rows
within a margin, never on other tiles. It replaces what `cross` held for its cells, so
that it can be run again at any time.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.questions.matching.held import Held, Rows, Stored
from orbital_kernel.questions.matching.marks import Mark, finish, resumed, writing
from orbital_kernel.questions.matching.reading import (
    TOO_WIDE,
    Choice,
    Listed,
    Sky,
    listed,
)
from orbital_kernel.questions.matching.registering import new_registrations
from orbital_kernel.questions.matching.task import (
    Pairing,
    Plan,
    Summary,
    Tile,
)
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.identity import Identity, objects
from orbital_kernel.science.matching.joining import joined, places
from orbital_kernel.science.matching.links import accepted
from orbital_kernel.science.matching.registry import KNOWN, MEMBER
from orbital_kernel.science.matching.skyjoin import apart_deg, unit_vectors

REPEAT = "another row of the same source in its observatory, by name or position"
OF_MEMBERS = ("cell", "founder")
"""Columns of associations that are stored with the registrations instead."""
OF_PAIRS = ("source_id", "catalog", "members", "simulated")


def run_tile(
    store: Store, plan: Plan, tile: Tile, now: datetime, held: Held | None = None
) -> Summary:
    """Match one tile and store it; return its counts. A finished tile is not repeated.

    Its rows are those that are held, or are read.
    """
    mark = Mark(plan.run_id, tile.low, tile.high)
    finished = resumed(store, mark)
    if finished is not None:
        return finished
    choice, sky = Choice(plan.brightness, plan.epoch), Sky(tile.ranges)
    rows: Rows = held or Stored(store, choice)
    lists = {name: listed(rows.sources(name, sky), name, choice) for name in plan.names}
    pairs = {
        (pairing.left, pairing.right): _paired(lists, pairing, plan)
        for pairing in plan.pairings
    }
    registered = rows.registered(sky)
    before = registered.filter(
        pl.col("event") == "registered", pl.col("run_id") != plan.run_id
    )
    identity = objects(
        {f"{name}.sources": listed_.sources for name, listed_ in lists.items()},
        [
            (f"{left}.sources", f"{right}.sources", frame)
            for (left, right), frame in pairs.items()
        ],
        singles=False,
        known=before.select(*KNOWN),
        where=_inside("ra", "dec", "healpix", plan, tile),
    )
    own = _with_repeats(identity, lists)
    stored = pl.concat(
        _pair_rows(frame, lists, names, plan, tile) for names, frame in pairs.items()
    )
    summary = _summary(lists, stored, own, plan, tile)
    registrations = new_registrations(own, registered, plan, now)
    with writing(store, mark, now) as tx:
        _clear(tx, plan, tile)
        for name, frame in (
            ("objects", own.objects.sort("healpix")),
            ("associations", own.associations.drop(*OF_MEMBERS).sort("object_id")),
            ("pairs", stored),
            ("identities", registrations),
        ):
            if frame.height:
                tx.insert(f"cross.{name}", frame.to_arrow())
        finish(tx, mark, summary, now)
    return summary


def _paired(lists: Mapping[str, Listed], pairing: Pairing, plan: Plan) -> pl.DataFrame:
    """Return the candidates of two lists, with separations as catalogued."""
    left, right = lists[pairing.left].sources, lists[pairing.right].sources
    a, b = places(left, pairing.left), places(right, pairing.right)
    shifted = pairing.offset.taken_out(a)
    most = np.inf if plan.within_arcsec is None else plan.within_arcsec
    pairs = joined(shifted, b, n_sigma=plan.n_sigma, most_arcsec=most)
    frame = with_priors(shifted, b, pairs, pairing.forth, pairing.back)
    i, j = frame["left_row"].to_numpy(), frame["right_row"].to_numpy()
    apart = apart_deg(a.directions.vectors[i], b.directions.vectors[j])
    return frame.with_columns(pl.Series("separation_arcsec", apart * 3600))


def _pair_rows(
    frame: pl.DataFrame,
    lists: Mapping[str, Listed],
    names: tuple[str, str],
    plan: Plan,
    tile: Tile,
) -> pl.DataFrame:
    """Return the candidates of the tile as rows of cross.pairs."""
    left, right = (lists[name].sources for name in names)
    inside = left.select(_inside("ra", "dec", "healpix", plan, tile)).to_series()
    frame = frame.filter(inside.gather(frame["left_row"]))
    a = left.select(*OF_PAIRS, "ra", "dec", "healpix")[frame["left_row"]]
    b = right.select(*OF_PAIRS)[frame["right_row"]]
    return frame.drop("left_row", "right_row").with_columns(
        *(
            pl.lit(f"{name}.sources").alias(f"{label}_table")
            for label, name in zip(("left", "right"), names, strict=True)
        ),
        *(
            side[column].alias(f"{label}_{new}")
            for label, side in (("left", a), ("right", b))
            for column, new in (
                ("source_id", "id"),
                ("catalog", "catalog"),
                ("members", "members"),
            )
        ),
        *(a[name] for name in ("ra", "dec", "healpix")),
        (
            a["simulated"].fill_null(value=False)
            | b["simulated"].fill_null(value=False)
        ).alias("simulated"),
    )


def _inside(ra: str, dec: str, cell: str, plan: Plan, tile: Tile) -> pl.Expr:
    """Return the condition of a place in the tile, and in the region if there is one."""
    inside = pl.col(cell).is_between(tile.low, tile.high - 1)
    if plan.region is None:
        return inside
    centre = plan.region

    def near(struct: pl.Series) -> pl.Series:
        frame = struct.struct.unnest()
        apart = separation_deg(
            centre[0], centre[1], frame[ra].to_numpy(), frame[dec].to_numpy()
        )
        return pl.Series(apart <= centre[2])

    return inside & pl.struct(ra, dec).map_batches(near, return_dtype=pl.Boolean)


def _with_repeats(identity: Identity, lists: Mapping[str, Listed]) -> Identity:
    """Return the objects with the repeats among their members."""
    centres = identity.objects.select(
        "object_id", pl.col("ra").alias("ra0"), pl.col("dec").alias("dec0")
    )
    parts = [identity.associations]
    for name, listed_ in lists.items():
        repeats = _repeats(name, listed_.rows, identity.associations)
        if not repeats.height:
            continue
        repeats = repeats.join(centres, on="object_id")
        apart = apart_deg(
            unit_vectors(repeats["ra"].to_numpy(), repeats["dec"].to_numpy()),
            unit_vectors(repeats["ra0"].to_numpy(), repeats["dec0"].to_numpy()),
        )
        parts.append(
            repeats.select(
                *("object_id", *MEMBER),
                pl.lit("repeat").alias("role"),
                pl.Series("separation_arcsec", apart * 3600),
                pl.lit(REPEAT).alias("method"),
                *("healpix", "simulated", "cell"),
                pl.lit(value=False).alias("founder"),
            )
        )
    return identity._replace(associations=pl.concat(parts, how="diagonal"))


def _repeats(name: str, rows: pl.DataFrame, associations: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are another row's source, with the object of that."""
    repeated = rows.filter(pl.col("row") != pl.col("root"))
    if repeated.is_empty():
        return repeated
    member = pl.lit(f"{name}.sources").alias("table"), pl.col("source_id").alias("key")
    heads = (
        rows.join(repeated.select("root"), left_on="row", right_on="root", how="semi")
        .select(*member, "catalog", "obs_id", pl.col("row").alias("root"))
        .join(
            associations.select(*MEMBER, "object_id", "healpix"),
            on=MEMBER,
            nulls_equal=True,
        )
    )
    return (
        repeated.with_columns(*member)
        .rename({"healpix": "cell"})
        .join(heads.select("root", "object_id", "healpix"), on="root")
    )


def _clear(tx: Transaction, plan: Plan, tile: Tile) -> None:
    """Delete what `cross` has of these cells: objects, and pairs of these observatories."""
    cells = Clause("healpix", (Range(tile.low, tile.high - 1),))
    for name in ("objects", "associations"):
        _delete(tx, f"cross.{name}", [cells], plan)
    for left, right in itertools.combinations(plan.names, 2):
        tables = (("left_table", left), ("right_table", right))
        of_both = [Clause(n, (Equal(f"{o}.sources"),)) for n, o in tables]
        _delete(tx, "cross.pairs", [cells, *of_both], plan)


def _delete(tx: Transaction, table: str, clauses: list[Clause], plan: Plan) -> None:
    if plan.region is None:
        tx.delete(table, clauses)
        return
    rows = tx.select(table, clauses, columns=["healpix"], row_ids=True)
    if not len(rows):
        return
    cells = np.asarray(rows["healpix"]).astype(np.uint64)
    from cdshealpix.nested import healpix_to_lonlat  # noqa: PLC0415 - slow

    ra, dec = (angle.deg for angle in healpix_to_lonlat(cells, 29))
    near = separation_deg(plan.region[0], plan.region[1], ra, dec) <= plan.region[2]
    tx.delete_rows(table, rows.filter(near))


def _summary(
    lists: Mapping[str, Listed],
    stored: pl.DataFrame,
    own: Identity,
    plan: Plan,
    tile: Tile,
) -> Summary:
    """Return the counts of a tile: rows, sources, excluded, assumed, pairs, objects."""
    place = _inside("ra", "dec", "healpix", plan, tile)
    rows, sources, moved, assumed = {}, {}, {}, Counter[str]()
    excluded = Counter[str]()
    for name, listed_ in lists.items():
        inside = listed_.rows.filter(place)
        rows[name] = inside.height
        sources[name] = listed_.sources.filter(place).height
        wide = listed_.too_wide.filter(place).height
        rows[name] += wide
        excluded.update({f"{name}: {TOO_WIDE}": wide} if wide else {})
        moved[name] = int(inside["moved"].sum()) if "moved" in inside.columns else 0
        origins = inside.group_by("error_origin").len().rows()
        assumed.update({f"{name}: {origin}": count for origin, count in origins})
    sure = accepted(stored)
    return {
        "rows": rows,
        "sources": sources,
        "excluded": dict(excluded),
        "errors": dict(assumed),
        "moved": moved,
        "pairs": stored.height,
        "accepted": sure.height,
        "expected_false": float((1 - sure["match_probability"]).sum()),
        "objects": own.objects.height,
        "blends": int(own.objects["blend"].sum()),
    }
