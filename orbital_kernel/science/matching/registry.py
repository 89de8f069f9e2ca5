"""Identities that stay: which registered id an object has, and merges and splits.

An id is registered once, with its members; the first is its founder. Objects formed
again from more, fewer or sharper rows take the id that their members have. If members
bring several ids, the earliest remains and the others are merged into it. If an id's
members are now several objects, the one with the founder keeps it and the others split
from it, with ids of their own.
"""

import polars as pl

MEMBER = ("table", "catalog", "key", "obs_id")
KNOWN: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(MEMBER, pl.String),
    "object_id": pl.String,
    "founder": pl.Boolean,
    "time": pl.Datetime("ns"),
}
"""Columns of the registrations that are known before."""
NO_EVENTS = pl.DataFrame(
    schema=dict.fromkeys(("object_id", "event", "other_id"), pl.String)
)
EVENTS = ("registered", "merged", "split")


def identified(
    members: pl.DataFrame, known: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the id of each group, and the merges and splits.

    Parameters
    ----------
    members
        group, new_id (the id if none is registered), anchor, and the columns of MEMBER,
        a row per member of each group.
    known
        Registrations with the columns of KNOWN. A member's newest one counts.

    Returns
    -------
    tuple of polars.DataFrame
        group and object_id; object_id, event and other_id.
    """
    groups = members.select("group", "new_id", "anchor").unique("group")
    newest = known.sort("time", "object_id").unique(
        MEMBER, keep="last", maintain_order=True
    )
    first = known.group_by("object_id").agg(pl.col("time").min().alias("since"))
    claims = (
        members.join(newest, on=MEMBER, how="inner", nulls_equal=True)
        .group_by("group", "object_id")
        .agg(pl.len().alias("size"), pl.col("founder").any().fill_null(value=False))
        .join(first, on="object_id")
        .join(groups, on="group")
        .sort(
            *("object_id", "founder", "size", "anchor"),
            descending=[False, True, True, False],
        )
    )
    won = claims.unique("object_id", keep="first", maintain_order=True)
    own = won.sort("since", "object_id").unique(
        "group", keep="first", maintain_order=True
    )
    ids = groups.join(own.select("group", "object_id"), on="group", how="left").select(
        "group", pl.col("object_id").fill_null(pl.col("new_id"))
    )
    by_group = ids.rename({"object_id": "kept"})
    merged = won.join(own.select("object_id"), on="object_id", how="anti")
    split = claims.join(own.select("group"), on="group", how="anti")
    events = [
        rows.join(by_group, on="group").select(
            pl.col("kept").alias("object_id"),
            pl.lit(event).alias("event"),
            pl.col("object_id").alias("other_id"),
        )
        for rows, event in ((merged, "merged"), (split, "split"))
    ]
    return ids, pl.concat(events).sort("object_id", "event", "other_id")
