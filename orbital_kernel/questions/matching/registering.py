"""Registrations of members in `cross.identities`: those near a tile, and new ones."""

from datetime import datetime

import polars as pl

from orbital_kernel.questions.matching.task import Plan
from orbital_kernel.science.matching.identity import Identity
from orbital_kernel.science.matching.registry import MEMBER


def new_registrations(
    own: Identity,
    registered: pl.DataFrame,
    plan: Plan,
    now: datetime,
) -> pl.DataFrame:
    """Return rows of cross.identities: members new to their object, merges, splits.

    What this run has registered is not registered again, if the tile is done again.
    """
    known = registered.filter(pl.col("event") == "registered")
    new, fresh = own.associations, pl.lit(value=True)
    if not known.is_empty():
        newest = known.sort("time", "object_id").unique(
            MEMBER, keep="last", maintain_order=True
        )
        new = new.join(
            newest.select(*MEMBER, "object_id"),
            on=[*MEMBER, "object_id"],
            how="anti",
            nulls_equal=True,
        )
        fresh = ~pl.col("object_id").is_in(known["object_id"].unique().implode())
    registrations = new.select(
        *("object_id", *MEMBER, "simulated"),
        pl.lit("registered").alias("event"),
        pl.col("founder") & fresh,
        pl.col("cell").alias("healpix"),
    )
    written = registered.filter(pl.col("run_id") == plan.run_id)
    events = own.events.join(
        own.objects.select("object_id", "healpix", "simulated"), on="object_id"
    ).join(written, on=["object_id", "event", "other_id"], how="anti")
    return pl.concat([registrations, events], how="diagonal").with_columns(
        pl.lit(now).cast(pl.Datetime("ns")).alias("time"),
        pl.lit(plan.run_id).alias("run_id"),
    )
