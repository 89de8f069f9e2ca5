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
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.questions.matching.marks import Mark, finish, resumed, writing
from orbital_kernel.questions.matching.reading import (
    TOO_WIDE,
    Choice,
    Listed,
    Sky,
    listed,
)
from orbital_kernel.questions.matching.task import (
    Pairing,
    Plan,
    Summary,
    Tile,
    healpix_clause,
)
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.identity import Identity, objects
from orbital_kernel.science.matching.joining import joined, places
from orbital_kernel.science.matching.links import accepted
from orbital_kernel.science.matching.registry import KNOWN, MEMBER
from orbital_kernel.science.matching.skyjoin import apart_deg, unit_vectors

REPEAT = "another row of the same source in its observatory, by name or position"
WRITTEN = ("objects", "associations", "pairs")


def run_tile(store: Store, plan: Plan, tile: Tile, now: datetime) -> Summary:
    """Match one tile and store it; return its counts. A finished tile is not repeated."""
    mark = Mark(plan.run_id, tile.low, tile.high)
    finished = resumed(store, mark)
    if finished is not None:
        return finished
    choice, sky = Choice(plan.brightness, plan.epoch), Sky(tile.ranges)
    lists = {name: listed(store.read, name, sky, choice) for name in plan.names}
    pairs = {
        (pairing.left, pairing.right): _paired(lists, pairing, plan)
        for pairing in plan.pairings
    }
    known = _registrations(store, plan, tile)
    identity = objects(
        {f"{name}.sources": listed_.sources for name, listed_ in lists.items()},
        [
            (f"{left}.sources", f"{right}.sources", frame)
            for (left, right), frame in pairs.items()
        ],
        singles=False,
        known=known,
    )
    own = _owned(identity, lists, plan, tile)
    stored = pl.concat(
        [
            _pair_rows(frame, lists[left].sources, lists[right].sources, left, right)
            for (left, right), frame in pairs.items()
        ]
    ).filter(_inside("ra", "dec", "healpix", plan, tile))
    summary = _summary(lists, stored, own, plan, tile)
    registrations = _new_registrations(own, lists, known, plan, now)
    with writing(store, mark, now) as tx:
        _clear(tx, plan, tile)
        for name, frame in (
            ("objects", own.objects),
            ("associations", own.associations),
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
    apart = apart_deg(unit_vectors(a.ra[i], a.dec[i]), unit_vectors(b.ra[j], b.dec[j]))
    return frame.with_columns(pl.Series("separation_arcsec", apart * 3600))


def _pair_rows(
    frame: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame, *names: str
) -> pl.DataFrame:
    """Return candidates as rows of cross.pairs."""
    a, b = left[frame["left_row"]], right[frame["right_row"]]
    return frame.drop("left_row", "right_row").with_columns(
        pl.lit(f"{names[0]}.sources").alias("left_table"),
        pl.lit(f"{names[1]}.sources").alias("right_table"),
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


def _owned(
    identity: Identity, lists: Mapping[str, Listed], plan: Plan, tile: Tile
) -> Identity:
    """Return the objects of the tile, with the repeats among their members."""
    mine = identity.objects.filter(_inside("ra", "dec", "healpix", plan, tile))
    associations = identity.associations.join(
        mine.select("object_id"), on="object_id", how="semi"
    )
    events = identity.events.join(mine.select("object_id"), on="object_id", how="semi")
    centres = mine.select(
        "object_id", pl.col("ra").alias("ra0"), pl.col("dec").alias("dec0")
    )
    parts = [associations]
    for name, listed_ in lists.items():
        table = f"{name}.sources"
        rows = listed_.rows.with_columns(pl.lit(table).alias("table")).rename(
            {"source_id": "key"}
        )
        heads = rows.select(*MEMBER, "row").join(
            associations.select(*MEMBER, "object_id", "healpix"),
            on=MEMBER,
            nulls_equal=True,
        )
        repeats = (
            rows.filter(pl.col("row") != pl.col("root"))
            .drop("healpix")
            .join(
                heads.select(pl.col("row").alias("root"), "object_id", "healpix"),
                on="root",
            )
            .join(centres, on="object_id")
        )
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
                *("healpix", "simulated"),
            )
        )
    every = pl.concat(parts, how="diagonal").sort("object_id", "role", *MEMBER)
    return Identity(mine.sort("healpix", "object_id"), every, events)


def _registrations(store: Store, plan: Plan, tile: Tile) -> pl.DataFrame:
    """Return the members registered before this run, in the tile and its margin."""
    if not tile.ranges:
        return pl.DataFrame(schema=KNOWN)
    rows = store.read(
        "cross.identities",
        [healpix_clause(tile.ranges)],
        columns=[*KNOWN, "event", "run_id"],
    )
    return (
        frame_of(rows)
        .filter(pl.col("event") == "registered", pl.col("run_id") != plan.run_id)
        .select(*KNOWN)
    )


def _new_registrations(
    own: Identity,
    lists: Mapping[str, Listed],
    known: pl.DataFrame,
    plan: Plan,
    now: datetime,
) -> pl.DataFrame:
    """Return rows of cross.identities: members new to their object, merges, splits."""
    newest = known.sort("time", "object_id").unique(
        MEMBER, keep="last", maintain_order=True
    )
    new = own.associations.join(
        newest.select(*MEMBER, "object_id"),
        on=[*MEMBER, "object_id"],
        how="anti",
        nulls_equal=True,
    )
    cells = pl.concat(
        listed_.rows.select(
            pl.lit(f"{name}.sources").alias("table"),
            "catalog",
            pl.col("source_id").alias("key"),
            "obs_id",
            pl.col("healpix").alias("cell"),
        ).unique(MEMBER, keep="first", maintain_order=True)
        for name, listed_ in lists.items()
    )
    fresh = own.objects.join(known.select("object_id"), on="object_id", how="anti")
    founders = own.objects.select("object_id", pl.col("name").alias("key"))
    first = (
        own.associations.filter(pl.col("role") == "source")
        .join(founders, on=["object_id", "key"])
        .join(fresh.select("object_id"), on="object_id", how="semi")
        .unique("object_id", keep="first", maintain_order=True)
        .select("object_id", *MEMBER, pl.lit(value=True).alias("founder"))
    )
    registered = (
        new.join(cells, on=MEMBER, how="left", nulls_equal=True)
        .join(first, on=["object_id", *MEMBER], how="left", nulls_equal=True)
        .select(
            *("object_id", *MEMBER, "simulated"),
            pl.lit("registered").alias("event"),
            pl.col("founder").fill_null(value=False),
            pl.col("cell").alias("healpix"),
        )
    )
    events = own.events.join(
        own.objects.select("object_id", "healpix", "simulated"), on="object_id"
    )
    return pl.concat([registered, events], how="diagonal").with_columns(
        pl.lit(now).cast(pl.Datetime("ns")).alias("time"),
        pl.lit(plan.run_id).alias("run_id"),
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
