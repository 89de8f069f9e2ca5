"""Rows that a match holds in memory, and rows that its tiles read for themselves."""

import polars as pl
import pytest
from pointed_sky import sky

from orbital_kernel import connect
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.matching import match

NAMES = ("swift", "chandra")
TABLES = ("objects", "associations", "pairs")


@pytest.fixture(scope="module")
def session(home):
    """Return a session on a small sky: rows without a position, and without an error."""
    session = connect(home, database="held")
    session.storage.apply()
    for name, sources in zip(NAMES, sky(8, 12), strict=True):
        row = pl.int_range(pl.len())
        rows = sources.drop("truth").with_columns(
            pl.Series("healpix", healpix(sources["ra"], sources["dec"])),
            pl.lit(name).alias("catalog"),
        )
        rows = rows.with_columns(
            *(
                pl.when(row % 50 != 7).then(pl.col(axis)).alias(axis)
                for axis in ("ra", "dec", "healpix")
            ),
            pl.when(row % 9 != 5)
            .then(pl.col("error_radius_arcsec"))
            .alias("error_radius_arcsec"),
        )
        session.store.insert(
            f"{name}.sources", rows.sample(fraction=1, shuffle=True, seed=1).to_arrow()
        )
    return session


def stored(session):
    return [session.table(f"cross.{name}").sort(pl.all()) for name in TABLES]


def account(matching):
    """Return all counts of a match."""
    return matching.rows, matching.sources, matching.excluded, matching.errors


def test_held_rows_and_read_rows_give_the_same_match_and_account(session):
    held = match(session, NAMES)
    before = stored(session)
    read = match(session, NAMES, workers=1)

    assert account(held) == account(read)
    assert [True] * len(TABLES) == [
        a.equals(b) for a, b in zip(before, stored(session), strict=True)
    ]
    assert before[0].height > 50
    assert {"swift: no position", "chandra: no position"} == set(held.excluded)
    assert sum(held.rows.values()) == sum(held.errors.values()) + sum(
        held.excluded.values()
    )
