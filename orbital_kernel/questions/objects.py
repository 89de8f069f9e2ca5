"""One object across observatories: found by position first, by name to begin with."""

import time as clock
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, NotNull
from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.questions import catalogued
from orbital_kernel.questions.asking import (
    SOURCE,
    answered,
    positioned,
    side_by_side,
    together,
)
from orbital_kernel.science import lightcurves, precedence
from orbital_kernel.science.matching import cross_match, objects, pairs_in_time, plain

if TYPE_CHECKING:
    from orbital_kernel.session import Orbital

NEARBY_ARCSEC = 5.0
CURVE = ("object", "ra", "dec", "instrument")
SOURCE_POSITION = ("source_id", "catalog", "ra", "dec", "error_radius_arcsec")
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
        """Return RA and Dec (ICRS degrees) of a name any table has, or None."""
        row = self.place(name)
        return None if row is None else (row["ra"], row["dec"])

    def place(self, name: str) -> dict[str, Any] | None:
        """Return the position of a name and where it is from, or None.

        Keys: ra and dec (ICRS deg), error_radius_arcsec (null if not given),
        position_catalog and position_instrument. Burst catalogues, notices and light
        curves are asked first and put into the one order of positions; source
        catalogues if none of those has the name.
        """
        return self._place(name, catalogued.listed(self._orbital.store, name))

    def _place(self, name: str, bursts: pl.DataFrame) -> dict[str, Any] | None:
        usable = bursts.filter(pl.col("excluded").is_null())
        typical = catalogued.typical_errors()
        rows = pl.concat([usable, self._curves(name, typical)], how="diagonal")
        if not len(rows.drop_nulls(["ra", "dec"])):
            rows = self._positions("sources", SOURCE_POSITION, name)
        placed = rows.drop_nulls(["ra", "dec"]).with_columns(pl.lit(name).alias("name"))
        rule = precedence.position(typical)
        first = precedence.chosen(precedence.in_order(placed), rule)
        if first.is_empty():
            return None
        row = first.row(0, named=True)
        return {**{c: row[c] for c in rule.columns}, rule.source: row["catalog"]}

    def _curves(self, name: str, typical: Mapping[str, float]) -> pl.DataFrame:
        """Return positions that light curves give; they state no error.

        Without a typical error of the instrument, it is the radius within which points
        count as one object's.
        """
        instrument = pl.col("instrument").str.extract(r"^([A-Za-z]+)")
        is_typical = instrument.str.to_uppercase().is_in([n.upper() for n in typical])
        return self._positions("photometry", CURVE, name).with_columns(
            pl.lit("light curve").alias("catalog"),
            instrument.alias("position_instrument"),
            pl.when(~is_typical.fill_null(value=False))
            .then(NEARBY_ARCSEC)
            .alias("error_radius_arcsec"),
        )

    def _positions(
        self, table: str, columns: tuple[str, ...], name: str
    ) -> pl.DataFrame:
        """Return the distinct positions a table has under a name."""
        label, names = columns[0], tuple(observatories())
        read = partial(self._read, columns=list(columns))
        frames = []
        for observatory, rows in zip(
            names, side_by_side(read, [f"{o}.{table}" for o in names]), strict=True
        ):
            spellings = rows[label].drop_nulls().unique()
            same = [text for text in spellings if plain(text) == plain(name)]
            positions = rows.filter(pl.col(label).is_in(same)).unique()
            frames.append(positions.with_columns(observatory=pl.lit(observatory)))
        return pl.concat(frames)

    def trigger(self, name: str) -> datetime | None:
        """Return when a catalogued burst of that name was triggered, TT, or None."""
        return _trigger(catalogued.listed(self._orbital.store, name))[0]

    def light_curve(
        self, name: str, *, within_arcsec: float = NEARBY_ARCSEC, **options: Any
    ) -> pl.DataFrame:
        """Return one object's points of all observatories in one unit and band.

        Points count as the object's if their file names it so, or if they stand within
        `within_arcsec` of its position. Options as in science.lightcurves.joint: unit,
        band_kev, model, counts_to_flux, and t0, which is the trigger for a catalogued
        burst; the column `t0_source` names the catalogue. Raises QueryError for an
        unknown object.
        """
        bursts = catalogued.listed(self._orbital.store, name)
        place = self._place(name, bursts)
        position = None if place is None else (place["ra"], place["dec"])
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
        if options.get("t0") is None:
            t0, source = _trigger(bursts)
            options = {**options, "t0": t0, "t0_source": source}
        return lightcurves.joint(points, **options)

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
            *(answer.frame.sort(*POINTING, nulls_last=True) for answer in asked),
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


def _trigger(bursts: pl.DataFrame) -> tuple[datetime | None, str | None]:
    """Return the trigger time (TT) and the catalogue it is from."""
    row = catalogued.row_used(bursts, precedence.TIME.name)
    return (None, None) if row is None else (row["time"], row["catalog"])
