"""One object across observatories: found by position first, by name to begin with."""

import time as clock
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.frames import frame_of
from orbital_kernel.observatory import observatories
from orbital_kernel.predicate import Clause, NotNull
from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.questions.asking import answered, side_by_side, together
from orbital_kernel.questions.catalogues import SOURCE, positioned
from orbital_kernel.science import lightcurves
from orbital_kernel.science.identity import objects, plain
from orbital_kernel.science.matching import cross_match
from orbital_kernel.science.pairs import pairs_in_time

if TYPE_CHECKING:
    from orbital_kernel.session import Orbital

NEARBY_ARCSEC = 5.0
POSITION_TABLES = ("photometry", "grbs", "sources")
NAME_COLUMNS = {"photometry": "object", "grbs": "name", "sources": "source_id"}
POINTING = (
    "obs_id",
    "object",
    "ra",
    "dec",
    "healpix",
    "time",
    "time_stop",
    "exposure_s",
    "simulated",
)
PAIR_UNITS = {
    "exposure_s_a": "s",
    "exposure_s_b": "s",
    "separation_arcmin": "arcmin",
    "dt_days": "d",
}


class Objects:
    """Cross-observatory questions, one call each."""

    def __init__(self, orbital: "Orbital") -> None:
        self._orbital = orbital

    def names(self) -> pl.DataFrame:
        """Return who detected what in X-rays: observatory, object, points, simulated."""
        tables = [f"{o}.photometry" for o in observatories()]
        read = side_by_side(
            lambda table: self._read(
                table, ["object", "unit", "is_limit", "simulated"]
            ),
            tables,
        )
        frames = [
            rows.filter(
                pl.col("unit").str.contains("erg|count|ph"),
                ~pl.col("is_limit").fill_null(value=False),
            )
            .group_by("object")
            .agg(pl.len().alias("points"), pl.col("simulated").max())
            .select(pl.lit(observatory).alias("observatory"), pl.all())
            for observatory, rows in zip(observatories(), read, strict=True)
        ]
        return pl.concat(frames).sort("object", "observatory")

    def position(self, name: str) -> tuple[float, float] | None:
        """Return RA and Dec (ICRS degrees) of a name any table knows, or None."""
        for table in POSITION_TABLES:
            column = NAME_COLUMNS[table]
            tables = [f"{o}.{table}" for o in observatories()]
            read = partial(self._read, columns=[column, "ra", "dec"])
            for rows in side_by_side(read, tables):
                known = rows.drop_nulls(["ra", "dec"]).filter(
                    pl.col(column).map_elements(plain, return_dtype=pl.String)
                    == plain(name)
                )
                if len(known):
                    return known["ra"][0], known["dec"][0]
        return None

    def trigger(self, name: str) -> datetime | None:
        """Return when a catalogued burst of that name was triggered, TT, or None."""
        tables = [f"{o}.grbs" for o in observatories()]
        for grbs in side_by_side(lambda t: self._read(t, ["name", "time"]), tables):
            for known, time in grbs.drop_nulls().rows():
                if plain(known) == plain(name):
                    return datetime.fromisoformat(str(time))
        return None

    def light_curve(
        self, name: str, *, within_arcsec: float = NEARBY_ARCSEC, **options: Any
    ) -> pl.DataFrame:
        """Return one object's points of all observatories in one unit and band.

        Points count as the object's if their file names it so, or if they stand within
        `within_arcsec` of its position. Options as in science.lightcurves.joint: unit,
        band_kev, model, counts_to_flux, and t0, which is the trigger for a catalogued
        burst. Raises QueryError for an unknown object.
        """
        position = self.position(name)
        known_to = tuple(observatories())
        points = lightcurves.gather(
            dict(
                zip(
                    known_to,
                    side_by_side(
                        lambda o: self._points(o, name, position, within_arcsec),
                        known_to,
                    ),
                    strict=True,
                )
            )
        )
        if not len(points):
            known = self.names()["object"].drop_nulls().unique().sort().to_list()
            raise QueryError(
                f"no photometry of {name!r}; there is some of {', '.join(known[:12]) or 'nothing'}"
                + (f" and {len(known) - 12} more" if len(known) > 12 else "")
            )
        return lightcurves.joint(points, **{"t0": self.trigger(name), **options})

    def observed_by(self, first: str, second: str, **limits: float) -> pl.DataFrame:
        """Return the pairs of `ask_observed_by`, which tells the limits too."""
        return self.ask_observed_by(first, second, **limits).frame

    def ask_observed_by(
        self,
        first: str,
        second: str,
        *,
        within_arcsec: float | None = None,
        within_arcmin: float | None = None,
        within_days: float = 30.0,
    ) -> Answer:
        """Return pairs of pointings of two observatories close on the sky and in time.

        Positions are of the pointings, so a separation below the fields of view (Swift
        XRT 11.8', Chandra 8') means that both saw the target. `dt_days` is second minus
        first; either sign is a pair. Both logs are read whole, less the rows without
        time or position, and joined here by HEALPix cell and time.
        """
        start = clock.perf_counter()
        queries = [
            Query(
                f"{observatory}.observations",
                columns=POINTING,
                not_null=("ra", "dec", "time"),
                full_scan=True,
            )
            for observatory in (first, second)
        ]
        asked = together(self._orbital, queries, kind="objects")
        pairs = pairs_in_time(
            *(answer.frame for answer in asked),
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        )
        apart = (
            f"{within_arcsec} arcsec"
            if within_arcmin is None
            else f"{within_arcmin} arcmin"
        )
        told = [f"separation <= {apart}", f"start times within {within_days} days"]
        return answered(asked, pairs, told, start, PAIR_UNITS)

    def match(self, first: str = "swift", second: str = "chandra") -> pl.DataFrame:
        """Match two observatories' sources; keep objects and associations in `cross`.

        A row that tells no position error has the typical one of the instrument whose
        bands it is in, and one without a confidence is taken at 68 %, the widest usual
        reading; without any error it takes no part. Returns the candidate pairs, best
        first. Matching again replaces what was kept.
        """
        names = [f"{o}.sources" for o in (first, second)]
        left, right = catalogues = [self._sources(o) for o in (first, second)]
        pairs = cross_match(left, right)
        known = objects(
            dict(zip(names, catalogues, strict=True)),
            [(names[0], names[1], pairs)] if len(pairs) else [],
            singles=False,
        )
        with self._orbital.store.transaction() as tx:
            for name, frame in zip(("objects", "associations"), known, strict=True):
                tx.widen(f"cross.{name}")
                tx.delete(f"cross.{name}", [Clause("object_id", (NotNull(),))])
                tx.insert(f"cross.{name}", frame.to_arrow())
        return pairs

    def _sources(self, observatory: str) -> pl.DataFrame:
        return positioned(
            self._read(f"{observatory}.sources", list(SOURCE)), observatory
        )

    def _points(
        self,
        observatory: str,
        name: str,
        position: tuple[float, float] | None,
        within_arcsec: float,
    ) -> pl.DataFrame:
        table = f"{observatory}.photometry"
        stored = self._read(table, ["object"])["object"].drop_nulls().unique().to_list()
        names = [object_ for object_ in stored if plain(object_) == plain(name)]
        parts = []
        if names:
            parts.append(
                self._orbital.query(
                    Query(table, sets={"object": names}, full_scan=True), kind="object"
                ).frame
            )
        if position:
            cone = Cone(position[0] % 360, position[1], within_arcsec / 60)
            near = self._orbital.query(Query(table, cone=cone), kind="object").frame
            parts.append(
                near.filter(~pl.col("object").is_in(names).fill_null(value=False))
            )
        return (
            pl.concat(parts)
            if parts
            else frame_of(self._orbital.store.read(table, limit=0))
        )

    def _read(self, table: str, columns: list[str]) -> pl.DataFrame:
        return frame_of(self._orbital.store.read(table, columns=columns))
