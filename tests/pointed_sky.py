"""Simulated pointed skies: fields that one or both observatories looked at, with a truth.

A third of the sources of a field is clustered. The first observatory sees the brighter
ones with errors of Swift-XRT's size, the second the fainter ones too, with errors that
grow off axis like Chandra's. Column `truth` numbers the true sources.
"""

import numpy as np
import polars as pl

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


def sky(seed, centres, *, offset_arcsec=(0.0, 0.0), third=False):
    """Return the first and the second observatory's sources, and a third one's if asked.

    The third looks at most fields, sees sources of middle brightness, and has errors
    between those of the others, which scatter with its exposures.
    """
    dice = np.random.default_rng(seed)
    ra, dec = fields(dice, centres)
    sources = true_sources(dice, centres)
    looked = dice.random((2, centres))
    only_first, only_second = looked[0] < 0.2, looked[0] > 0.85
    shift = dice.uniform(-3, 3, (2, centres))
    field = sources["field"].to_numpy()
    x, y, flux = (sources[name].to_numpy() for name in ("x", "y", "flux"))
    u, v = x - shift[0][field], y - shift[1][field]
    off_axis = np.hypot(u, v)
    first = dice.random(field.size) < 1 / (1 + np.exp(-(flux - 0.6) * 4))
    second = dice.random(field.size) < 1 / (1 + np.exp(-(flux - 0.3) * 6))
    first &= ~only_second[field]
    second &= ~only_first[field]
    second &= np.maximum(np.abs(u), np.abs(v)) < NARROW_ARCMIN / 2
    sigma = 1.4 + 1.6 / (0.4 + flux), 0.25 + 0.02 * off_axis**1.5 / (0.5 + flux)
    moved = (0.0, 0.0), offset_arcsec
    frames = [
        _catalogue(dice, (ra, dec), sources, *look)
        for look in zip((first, second), sigma, moved, strict=True)
    ]
    if third:
        seen = dice.random(field.size) < 1 / (1 + np.exp(-(flux - 0.45) * 5))
        seen &= (dice.random(centres) < THIRD_LOOKS)[field]
        exposure = np.exp(dice.normal(0, EXPOSURES, field.size))
        look = seen, (0.6 + 0.9 / (0.4 + flux)) * exposure, (0.0, 0.0)
        frames.append(_catalogue(dice, (ra, dec), sources, *look))
    return frames


def _catalogue(dice, centres, sources, seen, error, offset_arcsec):
    """Return the rows of the sources that one observatory has seen, with its errors."""
    (ra, dec), (east, north) = centres, offset_arcsec
    rows = np.flatnonzero(seen)
    field, x, y = (sources[name].to_numpy()[rows] for name in ("field", "x", "y"))
    scatter = dice.normal(0, 1, (2, rows.size)) * error[rows]
    d = dec[field] + y / 60 + (scatter[1] + north) / 3600
    a = ra[field] + x / 60 / cosine(dec[field])
    a = a + (scatter[0] + east) / 3600 / cosine(d)
    return pl.DataFrame(
        {
            "source_id": [f"J{n}" for n in rows],
            "ra": a % 360,
            "dec": np.clip(d, -90, 90),
            "error_radius_arcsec": error[rows] * 2.145966,
            "error_confidence": 0.9,
            "truth": rows,
        }
    )
