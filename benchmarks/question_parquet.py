"""The same rows as sorted Parquet, asked by DuckDB and by Polars."""

import duckdb
import polars as pl
from question_calls import NEARBY_ARCSEC, RADIUS_ARCMIN

from orbital_kernel import Cone
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.model.spelling import normalised


class Parquet:
    """The same rows as sorted files, and the same selections by DuckDB and Polars."""

    def __init__(self, folder, photometry, sources):
        self.photometry, self.sources = map(pl.from_arrow, (photometry, sources))
        names = self.photometry.group_by("object").agg(pl.col("ra", "dec").first())
        keys = pl.Series("normalised", [*map(normalised, names["object"])])
        self.files = {
            name: folder / f"{name}.parquet"
            for name in ("by_object", "by_place", "sources", "ids", "names")
        }
        self.photometry.sort("object", "time").write_parquet(self.files["by_object"])
        self.photometry.sort("healpix").write_parquet(self.files["by_place"])
        self.sources.sort("healpix").write_parquet(self.files["sources"])
        self.sources.sort("source_id").write_parquet(self.files["ids"])
        names.with_columns(keys).sort("normalised").write_parquet(self.files["names"])
        self.database = duckdb.connect()
        self.database.execute("SET enable_progress_bar = false")

    @property
    def duckdb(self):
        """The selections as SQL."""
        return {
            "position by name": lambda t: self._name(t, self._sql),
            "position by source id": lambda t: self._id(t, self._sql),
            "points by name": lambda t: self._object(t, self._sql),
            "points by place": lambda t: self._near(t, self._sql),
            "cone of sources": lambda t: self._cone(t, self._sql),
        }

    @property
    def polars(self):
        """The selections as lazy frames."""
        return {
            "position by name": lambda t: self._name(t, self._lazy),
            "position by source id": lambda t: self._id(t, self._lazy),
            "points by name": lambda t: self._object(t, self._lazy),
            "points by place": lambda t: self._near(t, self._lazy),
            "cone of sources": lambda t: self._cone(t, self._lazy),
        }

    def _name(self, target, select):
        return select("names", "normalised", [(normalised(target.name),) * 2])

    def _id(self, target, select):
        return select("ids", "source_id", [(target.source,) * 2])

    def _object(self, target, select):
        return select("by_object", "object", [(target.name,) * 2])

    def _near(self, target, select):
        cone = Cone(target.ra, target.dec, NEARBY_ARCSEC / 60)
        return within(cone, select("by_place", "healpix", cone.cover))

    def _cone(self, target, select):
        cone = Cone(target.source_ra, target.source_dec, RADIUS_ARCMIN)
        return within(cone, select("sources", "healpix", cone.cover))

    def _sql(self, file, column, ranges):
        values = [end for pair in ranges for end in pair]
        where = " OR ".join([f"{column} BETWEEN ? AND ?"] * len(ranges))
        text = f"SELECT * FROM read_parquet('{self.files[file]}') WHERE {where}"
        rows = self.database.cursor().sql(text, params=values)
        return pl.from_arrow(rows.to_arrow_table())

    def _lazy(self, file, column, ranges):
        where = pl.any_horizontal(
            pl.col(column).is_between(pl.lit(low), pl.lit(high)) for low, high in ranges
        )
        return pl.scan_parquet(self.files[file]).filter(where).collect()


def within(cone, frame):
    """Return the rows within a cone."""
    apart = separation_deg(cone.ra, cone.dec, frame["ra"], frame["dec"])
    return frame.filter(pl.Series(apart * 60 <= cone.radius_arcmin))


def compare(call, engine, answer, rows, frames, target):
    """Stop if an answer is not that of brute force over all rows in memory."""
    exact = {
        "position by name": lambda: frames.photometry.filter(object=target.name).head(
            1
        ),
        "position by source id": lambda: frames.sources.filter(source_id=target.source),
        "points by name": lambda: frames.photometry.filter(object=target.name),
        "points by place": lambda: within(
            Cone(target.ra, target.dec, NEARBY_ARCSEC / 60), frames.photometry
        ),
        "cone of sources": lambda: within(
            Cone(target.source_ra, target.source_dec, RADIUS_ARCMIN), frames.sources
        ),
    }[call]()
    if call.startswith("position"):
        expected = [(exact["ra"][0], exact["dec"][0])]
        pairs = [answer], [(rows["ra"][0], rows["dec"][0])]
    else:
        label = "time" if call.startswith("points") else "source_id"
        expected = exact[label].sort().to_list()
        pairs = answer[label].sort().to_list(), rows[label].sort().to_list()
    for name, selection in zip(("Orbital", engine), pairs, strict=True):
        if selection != expected:
            raise SystemExit(f"{call}: {name} differs from brute force")
