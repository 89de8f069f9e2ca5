"""Rows counted by cell of the sky equal those of the rows themselves, at any order."""

import numpy as np
import pyarrow as pa
import pytest

from orbital_kernel import Cone, Query
from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import healpix
from orbital_kernel.plots.equal_area import Field, Hammer
from orbital_kernel.questions.density import ORDER

TAG = "DENSITY"
ROWS = 3_000
TABLES = ("chandra.sources", "swift.sources")


@pytest.fixture(scope="module")
def places(orbital):
    dice = np.random.default_rng(8)
    ra = np.concatenate(
        [dice.uniform(0, 360, ROWS // 2), dice.normal(83, 0.1, ROWS // 2)]
    )
    dec = np.concatenate(
        [
            np.degrees(np.arcsin(dice.uniform(-1, 1, ROWS // 2))),
            dice.normal(22, 0.1, ROWS // 2),
        ]
    )
    rows = pa.table(
        {
            "catalog": [TAG] * (ROWS + 2),
            "source_id": [f"{TAG} {n}" for n in range(ROWS + 2)],
            "ra": [*ra, None, None],
            "dec": [*dec, None, None],
            "healpix": [*healpix(ra, dec), None, None],
            "significance": np.arange(ROWS + 2, dtype=float),
        }
    )
    for table in TABLES:
        orbital.store.insert(table, rows)
    yield ra, dec
    for table in TABLES:
        with orbital.store.transaction() as tx:
            tx.delete(table, [Clause("catalog", (Equal(TAG),))])


def queries(**conditions):
    return [Query(table, sets={"catalog": [TAG]}, **conditions) for table in TABLES]


@pytest.mark.parametrize("order", [3, ORDER, 13])
def test_counts_by_cell_are_those_of_the_positions(orbital, places, order):
    seen = []
    density = orbital.sky_density(
        queries(), order=order, progress=lambda done, most: seen.append((done, most))
    )
    cells, counts = np.unique(healpix(*places) >> 2 * (29 - order), return_counts=True)

    assert cells.tolist() == density.cells.tolist()
    assert (2 * counts).tolist() == density.counts.tolist()
    assert (2 * ROWS, 4) == (density.rows, density.unplaced)
    assert (2 * ROWS + 4, 2 * ROWS + 4) == seen[-1]


def test_conditions_and_a_cone_count_only_what_they_hold_for(orbital, places):
    cone = queries(
        cone=Cone(83.0, 22.0, 10.0), ranges={"significance": (2_000.0, None)}
    )
    density = orbital.sky_density(cone)

    assert sum(map(orbital.count, cone)) == density.rows > 100


def test_pixels_have_the_count_of_their_cell_and_none_beside_the_sky(orbital, places):
    density = orbital.sky_density(queries())
    whole = density.image(Hammer(), (-170, 170), (-85, 85), width=68, height=34)
    near = density.image(Field(83.0, 22.0), (0.1, -0.1), (-0.1, 0.1), width=3, height=3)

    assert (34, 68) == whole.shape
    assert -1 == whole[0, 0] == whole[-1, -1]
    expected = int(density.at(np.array([83.0]), np.array([22.0]))[0])
    assert expected == near[1, 1] > 10


def test_what_is_too_much_or_without_positions_is_refused_and_cancelled_in_words(
    orbital, places
):
    with pytest.raises(QueryError, match=r"up to 6,004 rows, and at most 100"):
        orbital.sky_density(queries(), most=100)
    with pytest.raises(QueryError, match="healpix"):
        orbital.sky_density(Query("swift.rates"))
    with pytest.raises(QueryError, match="cancelled"):
        orbital.sky_density(queries(), stopped=lambda: True)
