"""A clean archive of two observatories in memory, and faults planted into it.

Columns are those of schema.py that the checks read. All random numbers have fixed seeds.
"""

import numpy as np
import pyarrow as pa

from orbital_kernel.model.sky import healpix
from orbital_kernel.model.times import to_tt

START = np.datetime64("2020-01-01T00:00:00", "ns")
DAY = np.timedelta64(86_400_000_000_000, "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
DAYS = 200
STEP_AT, DRIFT_AT = 120, 80
"""Days on which the planted step and drift begin."""


def instants(days):
    """Return times (TT) of days after the start."""
    return START + np.round(np.asarray(days) * 86_400e9).astype("timedelta64[ns]")


def rows(**columns):
    """Return a table; texts and numbers that are the same in all rows may be given once."""
    size = max(len(c) for c in columns.values() if isinstance(c, list | np.ndarray))
    return pa.table(
        {
            name: column if isinstance(column, list | np.ndarray) else [column] * size
            for name, column in columns.items()
        }
    )


def calibrator(*, step=0.0, drift=0.0, name="Crab"):
    """Return daily points of a calibrator: 1 % noise, a step or a drift (a day) if given."""
    rng = np.random.default_rng(5)
    days = np.arange(DAYS)
    value = 0.22 * (1 + 0.01 * rng.normal(size=DAYS))
    value *= 1 + step * (days >= STEP_AT) + drift * np.maximum(days - DRIFT_AT, 0)
    return rows(
        object=name,
        obs_id="",
        time=instants(days),
        ra=83.63,
        dec=22.01,
        healpix=healpix(83.63, 22.01)[0],
        value=value,
        value_err_plus=np.full(DAYS, 0.0022),
        value_err_minus=np.full(DAYS, 0.0022),
        is_limit=False,
        unit="count / (cm2 s)",
        instrument="BAT",
        mode="",
        band="15-50",
        simulated=True,
    )


def bins(*, jump_s=0.0, gap_s=0.0, series="sw1"):
    """Return 900 bins of 1 s of raw counts; after 600 s a jump or a gap if given."""
    rng = np.random.default_rng(6)
    seconds = np.arange(900) + np.where(np.arange(900) >= 600, jump_s + gap_s, 0.0)
    counts = rng.poisson(6000, 900).astype(float)
    return rows(
        series=series,
        obs_id="00000000001",
        time=START + np.round(seconds * 1e9).astype("timedelta64[ns]"),
        bin_s=np.ones(900),
        channel=np.zeros(900, dtype=np.int16),
        rate=counts,
        rate_err=np.sqrt(counts),
        unit="count / s",
        kind="raw",
        instrument="BAT",
        simulated=True,
    )


def good_times(*, overlap=False, repeat=False, clock_jump_s=0.0):
    """Return 60 daily good times of 1,000 s with clock values; faults if asked for."""
    days = np.arange(60.0)
    met = 6e8 + np.round(days * 86_400)
    utcf = -20.0 - 3e-8 * (met - met[0]) + np.where(days >= 30, clock_jump_s, 0.0)
    time = to_tt("swift-met-utcf", met, utcf_s=utcf)
    table = rows(
        obs_id=[f"{k:011d}" for k in range(60)],
        object="target",
        time=time,
        time_stop=time + 1000 * SECOND,
        met_start_s=met,
        met_stop_s=met + 1000,
        utcf_s=utcf,
        time_rule="swift-met-utcf",
        kind="gti",
        instrument="XRT",
        live_s=np.full(60, 990.0),
        simulated=True,
    )
    parts = [table]
    if overlap:
        late = time[40:41] + 500 * SECOND
        parts.append(
            rows(
                obs_id=[f"{40:011d}"],
                object="target",
                time=late,
                time_stop=late + 1000 * SECOND,
                kind="gti",
                instrument="XRT",
                simulated=True,
            )
        )
    if repeat:
        parts.append(table.slice(10, 1))
    return pa.concat_tables(parts, promote_options="default")


def pointings(*, exposure_s=1000.0):
    """Return 20 observations, one of them with the exposure given."""
    exposure = np.full(20, 1000.0)
    exposure[7] = exposure_s
    ra, dec = np.linspace(10, 29, 20), np.zeros(20)
    return rows(
        obs_id=[f"{k:011d}" for k in range(20)],
        object="target",
        ra=ra,
        dec=dec,
        healpix=healpix(ra, dec),
        time=instants(np.arange(20)),
        exposure_s=exposure,
        instrument="XRT",
        log="swiftmastr",
        simulated=True,
    )


def bursts(*redshifts, catalog="swift-grb-table", name="GRB 200101A"):
    """Return rows of one burst, one per redshift and catalogue."""
    size = len(redshifts)
    return rows(
        catalog=[f"{catalog}-{k}" if k else catalog for k in range(size)],
        name=[name] * size,
        trigger_id="1",
        time=np.full(size, START),
        ra=10.0,
        dec=20.0,
        redshift=np.array(redshifts, dtype=float),
        redshift_text=[f"{z}" for z in redshifts],
        simulated=True,
    )


def catalogue(
    *,
    offset_arcsec=(0.0, 0.0),
    rotation=0.0,
    frame_arcsec=0.0,
    error_arcsec=0.5,
    seed=8,
    name,
):
    """Return 300 sources in three fields of 0.5 deg, shifted and turned about each field.

    `rotation` is in arcsec per degree from the field's centre, `frame_arcsec` that of the
    whole frame about the pole.
    """
    sky = np.random.default_rng(7)
    noise = np.random.default_rng(seed)
    fields = np.array([(30.0, 10.0), (150.0, -35.0), (260.0, 60.0)])
    x, y = sky.uniform(-0.25, 0.25, (2, 300))
    centre = fields[np.arange(300) % 3]
    dx, dy = error_arcsec * noise.normal(size=(2, 300))
    east = x + (offset_arcsec[0] - rotation * y + dx) / 3600
    north = y + (offset_arcsec[1] + rotation * x + dy) / 3600
    dec = centre[:, 1] + north
    ra = centre[:, 0] + east / np.cos(np.radians(dec)) + frame_arcsec / 3600
    return rows(
        catalog=name,
        source_id=[f"{name} {k}" for k in range(300)],
        ra=ra % 360,
        dec=dec,
        healpix=healpix(ra, dec),
        error_radius_arcsec=np.full(300, error_arcsec),
        error_confidence=0.68,
        simulated=True,
    )
