"""One list per observatory, blends, and identities that stay."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from orbital_kernel.science.matching import objects
from orbital_kernel.science.matching.links import accepted, blends
from orbital_kernel.science.matching.onelist import one_list
from orbital_kernel.science.matching.registry import KNOWN, identified

ARCSEC = 1 / 3600


def row(catalog, name, north, **more):
    """Return a row of sources at RA 10 deg, so many arcsec north of the equator."""
    return {
        "catalog": catalog,
        "source_id": name,
        "obs_id": None,
        "ra": 10.0,
        "dec": north * ARCSEC,
        "error_radius_arcsec": 1.0,
        "error_confidence": 0.9,
    } | more


def groups(rows):
    """Return the sets of row numbers that are one source."""
    frame = pl.DataFrame(rows, schema_overrides={"obs_id": pl.String})
    root = one_list(frame)
    return {frozenset(np.flatnonzero(root == r).tolist()) for r in set(root.tolist())}


def test_two_releases_of_a_source_are_one_and_neighbours_are_not():
    rows = [
        row("old", "A", 0),
        row("new", "B", 0.4),
        row("old", "C", 40),
        row("new", "D", 40.5),
        row("new", "E", 90),
    ]

    assert {frozenset({0, 1}), frozenset({2, 3}), frozenset({4})} == groups(rows)


def test_two_rows_of_one_list_are_two_sources_however_near():
    rows = [row("old", "A", 0), row("old", "B", 0.5), row("new", "C", 0.1)]

    assert {frozenset({0, 2}), frozenset({1})} == groups(rows)


def test_rows_of_single_observations_join_the_master_which_represents_them():
    rows = [
        row("observed", "one", 0.3, obs_id="1", error_radius_arcsec=0.2),
        row("observed", "two", 0.5, obs_id="2", error_radius_arcsec=0.2),
        row("master", "2CXO J004000.0+000000", 0.0),
    ]
    root = one_list(pl.DataFrame(rows))

    assert [2, 2, 2] == root.tolist()


def test_one_name_is_one_source_also_if_its_position_was_improved():
    name = "2CXO J004000.0+000000"
    rows = [row("old", name, 0), row("new", name, 12), row("other", name, 500)]

    assert {frozenset({0, 1}), frozenset({2})} == groups(rows)


def test_short_names_such_as_numbers_join_nothing():
    rows = [row("first", "7", 0), row("second", "7", 30)]

    assert 2 == len(groups(rows))


def test_what_is_one_source_does_not_depend_on_the_order_of_rows():
    dice = np.random.default_rng(4)
    places = dice.uniform(0, 3600, 300)
    rows = [
        row(f"c{n % 4}", f"s{n}", place + dice.normal(0, 1), error_radius_arcsec=2.0)
        for n, place in enumerate(np.repeat(places, 4))
    ]
    order = dice.permutation(len(rows))
    before = groups(rows)
    after = {
        frozenset(order[list(group)].tolist())
        for group in groups([rows[k] for k in order])
    }

    assert before == after
    assert 280 < len(before) < 420


def candidates(rows):
    """Return candidate pairs; each row is left, right, p_any, p_i and the right's."""
    frame = pl.DataFrame(
        rows,
        schema=["left_row", "right_row", "p_any", "p_i", "p_any_right", "p_i_right"],
        orient="row",
    )
    best = pl.col("p_i") == pl.col("p_i").max().over("left_row")
    best_right = pl.col("p_i_right") == pl.col("p_i_right").max().over("right_row")
    return frame.with_columns(
        (pl.col("p_any") * pl.col("p_i")).alias("match_probability"),
        (best & best_right).alias("mutual"),
        normalised_separation=pl.lit(1.0),
        chance_probability=pl.lit(1e-3),
    )


SPLIT = [
    (0, 0, 1.0, 0.39, 0.99, 1.0),
    (0, 1, 1.0, 0.36, 0.99, 1.0),
    (0, 2, 1.0, 0.25, 0.99, 1.0),
]
"""NGC 1068: surely a counterpart, and three to choose from."""


def test_a_source_that_is_surely_one_of_several_is_a_blend_of_them():
    pairs = candidates(
        [*SPLIT, (1, 3, 0.99, 1.0, 0.99, 1.0), (2, 4, 0.4, 1.0, 0.4, 1.0)]
    )

    assert [(1, 3)] == accepted(pairs).select("left_row", "right_row").rows()
    assert [(0, 0), (0, 1), (0, 2)] == sorted(
        blends(pairs).select("left_row", "right_row").rows()
    )


def test_the_components_of_a_blend_are_one_object_at_the_blended_place():
    left = pl.DataFrame([row("wide", "W", 0, error_radius_arcsec=4.0)])
    right = pl.DataFrame([row("fine", f"F{k}", k - 1) for k in range(3)])
    identity = objects(
        {"swift.sources": left, "chandra.sources": right},
        [("swift.sources", "chandra.sources", candidates(SPLIT))],
        singles=False,
    )
    roles = identity.associations.sort("role", "key")["role"].to_list()

    assert [True] == identity.objects["blend"].to_list()
    assert pytest.approx(0.0, abs=1e-9) == identity.objects["dec"][0]
    assert ["component"] * 3 + ["source"] == roles


def test_a_component_that_is_another_objects_counterpart_stays_there():
    pairs = candidates([*SPLIT, (1, 2, 0.99, 1.0, 0.99, 0.9)]).with_columns(
        pl.when(left_row=0, right_row=2)
        .then(0.1)
        .otherwise("p_i_right")
        .alias("p_i_right"),
        (pl.col("mutual") | (pl.col("left_row") == 1)).alias("mutual"),
    )

    assert {0, 1} == set(blends(pairs)["right_row"])


def members(*rows):
    """Return members of groups: number of the group and key."""
    return pl.DataFrame(
        [
            {
                "group": group,
                "new_id": f"new{group}",
                "anchor": key,
                "table": "t",
                "catalog": "c",
                "key": key,
                "obs_id": None,
            }
            for group, key in rows
        ],
        schema_overrides={"obs_id": pl.String},
    )


def known(*rows):
    """Return registrations: key, id, whether it founded it, and the day."""
    return pl.DataFrame(
        [
            {
                "table": "t",
                "catalog": "c",
                "key": key,
                "obs_id": None,
                "object_id": name,
                "founder": founder,
                "time": datetime(2026, 1, day),  # noqa: DTZ001 - TT has no zone
            }
            for key, name, founder, day in rows
        ],
        schema=KNOWN,
    )


def ids(found):
    return dict(found[0].sort("group").rows())


def test_an_object_keeps_the_registered_id_whatever_joins():
    found = identified(
        members((1, "a"), (1, "b"), (1, "sharper"), (2, "c")),
        known(("a", "X", True, 1), ("b", "X", False, 1)),
    )

    assert {1: "X", 2: "new2"} == ids(found)
    assert 0 == found[1].height


def test_objects_that_merge_keep_the_earlier_id_and_record_the_other():
    found = identified(
        members((1, "a"), (1, "b")), known(("a", "X", True, 2), ("b", "Y", True, 1))
    )

    assert {1: "Y"} == ids(found)
    assert [("Y", "merged", "X")] == found[1].rows()


def test_an_object_that_splits_leaves_its_id_with_the_founder():
    found = identified(
        members((1, "a"), (2, "b"), (2, "c")),
        known(("a", "X", True, 1), ("b", "X", False, 1), ("c", "X", False, 1)),
    )

    assert {1: "X", 2: "new2"} == ids(found)
    assert [("new2", "split", "X")] == found[1].rows()
