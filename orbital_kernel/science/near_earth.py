"""Bursts whose times are of arrival near Earth; others are counted and not compared."""

import logging

import polars as pl

from orbital_kernel.science.lightcurves.dating import is_local

LOG = logging.getLogger(__name__)


def near_earth(grbs: pl.DataFrame) -> pl.DataFrame:
    """Return the bursts whose times are of arrival near Earth."""
    if "time_rule" not in grbs.columns:
        return grbs
    local = grbs.filter(is_local())
    if len(local) < len(grbs):
        LOG.warning(
            "%d bursts with times of arrival at the barycentre are not compared",
            len(grbs) - len(local),
        )
    return local
