"""Redshifts of a table's cells, counted where several measurements decided."""

import math
from collections.abc import Sequence

from orbital_kernel.archives.reading import Account
from orbital_kernel.model.redshifts import agreed_redshift, quoted_redshifts


def agreed_redshifts(cells: Sequence[str | None], account: Account) -> list[float]:
    """Return the redshift of each cell, and count where several measurements decided."""
    redshifts = [agreed_redshift(cell) for cell in cells]
    for cell, redshift in zip(cells, redshifts, strict=True):
        if len(quoted_redshifts(cell)) > 1:
            account.note(
                "redshifts null, measurements differ by more than 1 % of 1 + z"
                if math.isnan(redshift)
                else "redshifts on which several measurements agree"
            )
    return redshifts
