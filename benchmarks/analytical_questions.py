"""Three questions of all rows, by Orbital and by DuckDB over the same rows in Parquet.

Daily counts per object; the good time that both missions share; the 100 largest ratios of
the largest to the smallest flux of an object within a day. Each reads the columns that it
needs. DuckDB's ranges of good time are joined as intervals, anywhere on the sky.
"""

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from question_tables import SEED, SLICE, SPAN_S, START, TAG, name_of

from orbital_kernel import Query
from orbital_kernel.model import times
from orbital_kernel.model.frames import frame_of

MISSIONS = {"swift": "XRT", "chandra": "ACIS"}
POINTS_AN_INTERVAL = 100
AN_OBSERVATION = 20
"""Good time intervals of an observation."""
MOST = 100
EVERYWHERE = 180 * 60.0


def intervals(mission, rows):
    """Return good time intervals of a mission, apart from each other, in order of time."""
    rng = np.random.default_rng(SEED + len(mission))
    number = max(rows // POINTS_AN_INTERVAL, 2)
    edges = np.sort(rng.uniform(0, SPAN_S, 2 * number))
    ns = times.tt_from_utc([START])[0] + (edges * 1e9).astype("timedelta64[ns]")
    observation = np.arange(number) // AN_OBSERVATION
    rows_an_observation = observation.max() + 1
    ra = rng.uniform(0, 360, rows_an_observation)[observation]
    dec = rng.uniform(-90, 90, rows_an_observation)[observation]
    return pa.table(
        {
            "obs_id": [f"{mission}-{k}" for k in observation],
            "object": [name_of(k) for k in observation],
            "time": ns[::2],
            "time_stop": ns[1::2],
            "kind": pa.repeat("gti", number),
            "instrument": pa.repeat(MISSIONS[mission], number),
            "time_rule": pa.repeat("local", number),
            "ra": ra,
            "dec": dec,
            "simulated": np.ones(number, dtype=bool),
            "file_sha256": pa.repeat(TAG, number),
        }
    )


def fill(store, rows, folder):
    """Insert the good times of both missions, and write them as Parquet."""
    files = {}
    for mission in MISSIONS:
        data = intervals(mission, rows)
        for at in range(0, len(data), SLICE):
            store.insert(f"{mission}.intervals", data.slice(at, SLICE))
        files[mission] = folder / f"{mission}-intervals.parquet"
        frame_of(data).write_parquet(files[mission])
    return files


def daily_counts(session):
    """Return the points of each object on each day."""
    query = Query("swift.photometry", ("object", "time"), full_scan=True)
    rows = session.query(query, kind="daily counts").frame
    counts = _by_day(rows).agg(pl.len().alias("points")).sort("object", "day")
    return counts.collect(engine="streaming")


def shared_time(session):
    """Return the stretches of good time that both missions share."""
    return session.simultaneous("swift", "chandra", within_arcmin=EVERYWHERE)


def flux_ratios(session):
    """Return the largest ratios of fluxes of an object within a day."""
    query = Query("swift.photometry", ("object", "time", "value"), full_scan=True)
    rows = session.query(query, kind="flux ratios").frame
    ratio = pl.col("value").max() / pl.col("value").min()
    ratios = _by_day(rows).agg(ratio.alias("ratio"))
    return ratios.top_k(MOST, by="ratio").sort("ratio", descending=True).collect()


CALLS = {
    "daily counts per object": daily_counts,
    "shared good time": shared_time,
    "largest flux ratios": flux_ratios,
}


def statements(photometry, good_times):
    """Return the same questions in SQL over Parquet."""
    swift, chandra = (f"read_parquet('{good_times[m]}')" for m in MISSIONS)
    points = f"read_parquet('{photometry}')"
    day = "date_trunc('day', time)"
    return {
        "daily counts per object": f"SELECT object, {day} AS day, count(*) AS points "
        f"FROM {points} GROUP BY ALL ORDER BY object, day",
        "shared good time": "SELECT greatest(a.time, b.time) AS time, "
        "least(a.time_stop, b.time_stop) AS time_stop "
        f"FROM {swift} a JOIN {chandra} b "
        "ON a.time < b.time_stop AND b.time < a.time_stop ORDER BY ALL",
        "largest flux ratios": f"SELECT object, {day} AS day, "
        f"max(value) / min(value) AS ratio FROM {points} GROUP BY ALL "
        f"ORDER BY ratio DESC LIMIT {MOST}",
    }


def asked(text):
    """Return the rows of a statement."""
    return pl.from_arrow(duckdb.sql(text).to_arrow_table())


def compare(call, answer, rows):
    """Stop if the two engines differ."""
    if call == "daily counts per object":
        same = answer["points"].to_list() == rows["points"].to_list()
    elif call == "shared good time":
        columns = ("time", "time_stop")
        same = answer.select(columns).sort(columns).rows() == rows.rows()
    else:
        same = len(answer) == len(rows) and np.allclose(
            answer["ratio"], rows["ratio"], rtol=1e-12
        )
    if not same:
        raise SystemExit(f"{call}: Orbital and DuckDB differ")


def _by_day(rows):
    """Group rows lazily; names are compared as numbers, which is twice as fast."""
    name = pl.col("object").cast(pl.Categorical)
    return rows.lazy().group_by(name, day=pl.col("time").dt.date())
