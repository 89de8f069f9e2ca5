"""How many points of a light curve are excluded, in no bin, or have which errors."""

import polars as pl

from orbital_kernel.science.columns import fill


class Numbers:
    """Numbers of points of a light curve, by observatory and reason."""

    frame: pl.DataFrame

    @property
    def reasons(self) -> pl.DataFrame:
        """How many points are excluded: observatory, excluded (the reason), points."""
        return _numbers(self.frame, "excluded")

    @property
    def not_binned(self) -> pl.DataFrame:
        """How many points are in no bin: observatory, not_binned (the reason), points.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> connect().light_curve("SIM AGN 1").not_binned.columns
        ['observatory', 'not_binned', 'points']
        """
        return _numbers(self.frame, "not_binned")

    @property
    def error_rules(self) -> pl.DataFrame:
        """How many points that count have which errors: observatory, error_rule, points.

        'of counts' (exact, where a file gives counts), 'of the file', 'in quadrature'
        (bins without counts), or none; limits without counts are not part of it.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> connect().light_curve("SIM AGN 1").error_rules["error_rule"].to_list()
        ['of the file', 'of the file']
        """
        is_point = pl.col("excluded").is_null()
        return _numbers(self.frame.filter(is_point), "error_rule")


def _numbers(frame: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Return how many points of an observatory have which text in a column."""
    by = ("observatory", reason)
    rows = fill(frame, {reason: pl.String()}).drop_nulls(reason)
    return rows.group_by(*by).agg(pl.len().alias("points")).sort(*by)
