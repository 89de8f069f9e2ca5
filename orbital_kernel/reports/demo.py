"""The main job from start to end: storage, ingest, bursts, matches, light curve, reports.

Runs on the sample sky, or on a folder of real files. OUT/summary.json has all results.
"""

import json
import os
import shutil
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from orbital_kernel import config, embedded, ingest, reports
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.monitor import scan
from orbital_kernel.query import Cone, Query, TimeSpan
from orbital_kernel.reports.summary import Summary
from orbital_kernel.session import Orbital, connect

TUTORIALS = (
    "01_start_here",
    "02_provision_storage",
    "03_ingest",
    "04_monitor_bursts",
    "05_build_light_curves",
    "demonstration",
)
DATABASES = {True: "sample", False: "archive"}
"""The demo's database if the default one holds the other kind of rows."""
PUBLISHED = "published"
"""The database of the published measurements that come with Orbital."""
A_MINUTE = timedelta(minutes=1)
Step = Callable[[str], None]
Advance = Callable[[str, int, int], None]
"""Called with a name, the amount done and the total."""


def run(
    out: Path,
    archive: Path | None = None,
    *,
    step: Step = lambda _text: None,
    advance: Advance = lambda _name, _done, _total: None,
) -> Summary:
    """Run the main job; write the reports and OUT/summary.json.

    Without the vendors' variables and without ORBITAL_HOME, the job runs on a platform in
    OUT/platform, which is created again each time. If the database holds rows of the other
    kind, simulated or real, the job uses another database of the same platform.

    Parameters
    ----------
    out : pathlib.Path
        Folder of platform, reports and summary; created if missing.
    archive : pathlib.Path, optional
        Folder of files to ingest. The default is the simulated sample sky.
    step : callable
        Called with the name of each step as it begins.
    advance : callable
        Called with a name, the amount done and the total within a step.

    Returns
    -------
    Summary
        All results.

    Raises
    ------
    StoreError
        If both databases hold rows of the other kind.
    QueryError
        If the files contain no photometry.
    ReportError
        If a report fails.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel.reports import demo
    >>> demo.run(Path("demo")).files["refused"]  # doctest: +SKIP
    0
    """
    start = clock.perf_counter()
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    step("platform")
    simulated = archive is None or ingest.kind_of([archive]) is True
    orbital = _database(_platform(out), simulated=simulated)
    summary = Summary(str(archive or "sample sky"), simulated, orbital.database)
    summary.platform = repr(orbital)
    step("storage")
    orbital.storage.apply()
    step("ingest")
    _ingest(orbital, archive, summary, advance)
    step("bursts")
    excursions = orbital.bursts.scan_store(progress=lambda name: advance(name, 0, 0))
    summary.bursts = scan.to_json(excursions)
    summary.bursts_matched = sum(
        bool(b["matches"]) for b in summary.bursts if b["cause"] == "burst"
    )
    step("cross-match")
    _match(orbital, summary)
    step("light curve")
    _light_curve(orbital, summary)
    step("published measurements")
    summary.published = _published()
    step("queries")
    summary.queries = [asdict(orbital.query(query).how) for query in _queries(orbital)]
    step("reports")
    for number, name in enumerate(TUTORIALS):
        advance(name, number, len(TUTORIALS))
        values = {"archive": str(archive)} if archive else {}
        report = reports.find(name)
        names = {p.name for p in report.parameters}
        page = reports.run(report, out, {k: v for k, v in values.items() if k in names})
        summary.reports.append(str(page))
    summary.tables = orbital.tables()
    summary.seconds = round(clock.perf_counter() - start, 1)
    text = json.dumps(asdict(summary), indent=2, default=str)
    (out / "summary.json").write_text(text + "\n")
    return summary


def _platform(out: Path) -> Orbital:
    """Connect; a platform in OUT is created again and empty."""
    if config.from_environment() is None and not os.environ.get(config.HOME_VARIABLE):
        home = out / "platform"
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
        os.environ[config.HOME_VARIABLE] = str(home)
    return connect()


def _database(orbital: Orbital, *, simulated: bool) -> Orbital:
    """Return the session, or one on another database if this one holds the other kind."""
    if orbital.simulated in (None, simulated):
        return orbital
    other = connect(database=DATABASES[simulated])
    if other.simulated not in (None, simulated):
        raise StoreError(
            f"the demo with {ingest.WORDS[simulated]} files found {orbital.holds} in "
            f"database {orbital.database!r} and {other.holds} in {other.database!r}: "
            "name an empty database with `orbital --database NAME demo`"
        )
    os.environ[config.DATABASE_VARIABLE] = other.database  # for the reports too
    return other


def _ingest(
    orbital: Orbital, archive: Path | None, summary: Summary, advance: Advance
) -> None:
    folder = archive or orbital.sample()
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    done = 0

    def progress(path: Path, size: int) -> None:
        nonlocal done
        done += size
        advance(path.name, done, total)

    report = orbital.ingest(folder, progress=progress)
    states = ("ingested", "unchanged", "refused")
    summary.files = {state: len(report.in_state(state)) for state in states}
    summary.refused = [
        {"path": file.path, "reason": file.reason}
        for file in report.in_state("refused")
    ]


def _match(orbital: Orbital, summary: Summary) -> None:
    pairs = orbital.match()
    pointings = orbital.objects_observed_by(
        "swift", "chandra", within_arcmin=12, within_days=30
    )
    summary.matches = {
        "source_candidates": len(pairs),
        "objects_of_both": orbital.store.rows("cross.objects"),
        "pointings_within_12_arcmin_and_30_days": len(pointings),
    }


def _light_curve(orbital: Orbital, summary: Summary) -> None:
    names = orbital.objects.names().drop_nulls()
    ranked = (
        names.group_by("object")
        .agg(pl.col("observatory").n_unique(), pl.col("points").sum())
        .sort("observatory", "points", "object", descending=True)
    )
    if ranked.is_empty():
        raise QueryError(
            "the files contain no photometry, so no light curve can be built: give an archive "
            "with light curves or source catalogues"
        )
    name = ranked["object"][0]
    curve = orbital.light_curve(name)
    summary.light_curve = {
        "object": name,
        "t0_source": curve["t0_source"].first(),
        "points": dict(curve.group_by("observatory").len().sort("observatory").rows()),
        "limits": int(curve["is_limit"].sum()),
        "left_out": int(curve["left_out"].is_not_null().sum()),
    }


def _published() -> list[dict[str, object]]:
    """Ingest the measurements that come with Orbital; return the points of each object."""
    orbital = connect(database=PUBLISHED)
    orbital.storage.apply()
    orbital.ingest_published()
    points = [
        orbital.table(f"{name}.photometry", ["object"]).with_columns(
            observatory=pl.lit(name)
        )
        for name in ("swift", "chandra")
    ]
    counts = pl.concat(points).group_by("object", "observatory").len("points")
    return counts.sort("object", "observatory").to_dicts()


def _queries(orbital: Orbital) -> Iterator[Query]:
    """Yield selective queries about objects and bursts in the store."""
    places = orbital.table("cross.objects", ["ra", "dec"]).sort("ra").head(1)
    for ra, dec in places.rows():
        for table in ("chandra.sources", "swift.sources", "chandra.observations"):
            yield Query(table, cone=Cone(ra, dec, 10))
    burst = orbital.bursts.stored().filter(pl.col("cause") == "burst").head(1)
    for (utc,) in burst.select("time_utc").rows():
        start = datetime.fromisoformat(utc)
        span = TimeSpan(start, start + A_MINUTE)
        yield Query("swift.rates", time=span)
        yield Query("swift.grbs", time=TimeSpan(start - A_MINUTE, start + A_MINUTE))
