"""Simulated pointed skies: fields that one or both observatories looked at, with a truth.

A third of the sources of a field is clustered. The first observatory sees the brighter
ones with errors of Swift-XRT's size, the second the fainter ones too, with errors that
grow off axis like Chandra's. Fields overlap, and a look shows what lies in it, whichever
field it was drawn for. Column `truth` numbers the true sources.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from orbital_kernel.science.matching import neighbours

WIDE_ARCMIN, NARROW_ARCMIN = 23.6, 16.9
THIRD_LOOKS, EXPOSURES = 0.7, 0.25


def fields(dice, count):
    """Return centres of fields (deg); one in five lies beside another."""
    ra = dice.uniform(0, 360, count)
    dec = np.degrees(np.arcsin(dice.uniform(-1, 1, count)))
    near = np.flatnonzero(dice.random(count) < 0.2)
    of = dice.integers(0, count, near.size)
    dec[near] = np.clip(dec[of] + dice.uniform(-0.3, 0.3, near.size), -89.5, 89.5)
    ra[near] = ra[of] + dice.uniform(-0.3, 0.3, near.size) / cosine(dec[near])
    return ra % 360, dec


def cosine(dec):
    """Return cos(dec), bounded from 0."""
    return np.maximum(np.cos(np.radians(dec)), 0.01)


def true_sources(dice, centres):
    """Return one row per true source: field, place in it (arcmin), log flux, richness."""
    size = np.round(10 ** dice.uniform(1, 2, centres) * 2).astype(int)
    field = np.repeat(np.arange(centres), size)
    x, y = dice.uniform(-WIDE_ARCMIN / 2, WIDE_ARCMIN / 2, (2, field.size))
    clump = dice.uniform(-6, 6, (2, centres))
    clustered = dice.random(field.size) < 1 / 3
    x = np.where(clustered, clump[0][field] + dice.normal(0, 1.0, field.size), x)
    y = np.where(clustered, clump[1][field] + dice.normal(0, 1.0, field.size), y)
    return pl.DataFrame(
        {
            "field": field,
            "x": x,
            "y": y,
            "flux": dice.exponential(0.5, field.size),
            "truth": np.arange(field.size),
        }
    )


class _Looks(NamedTuple):
    """Sources in looks: a row for each source and each look that it lies in."""

    source: np.ndarray
    field: np.ndarray
    off_axis: np.ndarray

    def best(self, dice, seen, error, sources):
        """Return the smallest error of each source, infinite if no look has seen it."""
        error = np.where(dice.random(self.source.size) < seen, error, np.inf)
        smallest = np.full(sources, np.inf)
        np.minimum.at(smallest, self.source, error)
        return smallest


def sky(seed, centres, *, offset_arcsec=(0.0, 0.0), third=False):
    """Return the first and the second observatory's sources, and a third one's if asked.

    A source in several looks is measured by that with the smallest error. The third
    observatory looks at most fields, sees sources of middle brightness, and has errors
    between those of the others, which scatter with its exposures.
    """
    dice = np.random.default_rng(seed)
    centre = fields(dice, centres)
    sources = true_sources(dice, centres)
    places, flux = _places(centre, sources), sources["flux"].to_numpy()
    inside = _inside(centre, places)
    looked, shift = dice.random(centres), dice.uniform(-3, 3, (2, centres))
    first = _looks(inside, looked <= 0.85, WIDE_ARCMIN, np.zeros((2, centres)))
    second = _looks(inside, looked >= 0.2, NARROW_ARCMIN, shift)
    f, g = flux[first.source], flux[second.source]
    narrow = 0.25 + 0.02 * second.off_axis**1.5 / (0.5 + g)
    sigmas = [
        first.best(dice, _seen(f, 0.6, 4), 1.4 + 1.6 / (0.4 + f), flux.size),
        second.best(dice, _seen(g, 0.3, 6), narrow, flux.size),
    ]
    if third:
        at_most = dice.random(centres) < THIRD_LOOKS
        more = _looks(inside, at_most, WIDE_ARCMIN, np.zeros((2, centres)))
        h = flux[more.source]
        exposure = np.exp(dice.normal(0, EXPOSURES, h.size))
        sigmas.append(
            more.best(
                dice, _seen(h, 0.45, 5), (0.6 + 0.9 / (0.4 + h)) * exposure, flux.size
            )
        )
    moved = (0.0, 0.0), offset_arcsec, (0.0, 0.0)
    return [
        _catalogue(dice, places, *look) for look in zip(sigmas, moved, strict=False)
    ]


def _seen(flux, middle, steepness):
    """Return the probability that one look detects a source."""
    return 1 / (1 + np.exp(-(flux - middle) * steepness))


def _places(centre, sources):
    """Return RA and Dec of the true sources, deg."""
    field, x, y = (sources[name].to_numpy() for name in ("field", "x", "y"))
    ra, dec = centre[0][field], centre[1][field]
    return (ra + x / 60 / cosine(dec)) % 360, np.clip(dec + y / 60, -90, 90)


def _inside(centre, places):
    """Return sources, fields whose widest look they lie in, and their places there."""
    ra, dec = centre
    source, field, _ = neighbours(*places, ra, dec, WIDE_ARCMIN / 60)
    away = (places[0][source] - ra[field] + 180) % 360 - 180
    x = away * 60 * cosine(dec[field])
    y = (places[1][source] - dec[field]) * 60
    near = np.maximum(np.abs(x), np.abs(y)) <= WIDE_ARCMIN / 2
    order = np.flatnonzero(near)[np.lexsort((field[near], source[near]))]
    return source[order], field[order], x[order], y[order]


def _looks(inside, looked, wide, shift):
    """Return the sources in the looks at the fields that one observatory looked at."""
    source, field, x, y = inside
    u, v = x - shift[0][field], y - shift[1][field]
    rows = looked[field] & (np.maximum(np.abs(u), np.abs(v)) < wide / 2)
    return _Looks(source[rows], field[rows], np.hypot(u, v)[rows])


def _catalogue(dice, places, error, offset_arcsec):
    """Return the rows of the sources that one observatory has seen, with its errors."""
    east, north = offset_arcsec
    rows = np.flatnonzero(np.isfinite(error))
    error = error[rows]
    scatter = dice.normal(0, 1, (2, rows.size)) * error
    d = places[1][rows] + (scatter[1] + north) / 3600
    a = places[0][rows] + (scatter[0] + east) / 3600 / cosine(d)
    return pl.DataFrame(
        {
            "source_id": [f"J{n}" for n in rows],
            "ra": a % 360,
            "dec": np.clip(d, -90, 90),
            "error_radius_arcsec": error * 2.145966,
            "error_confidence": 0.9,
            "truth": rows,
        }
    )
