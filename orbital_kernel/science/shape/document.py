"""The shape of a light curve as one JSON document."""

from typing import Any

import numpy as np

from orbital_kernel.science.shape.summary import Shape


def document(shape: Shape) -> dict[str, Any]:
    """Return a shape as one JSON document.

    Parameters
    ----------
    shape
        What `shape_of` returns.

    Returns
    -------
    dict
        groups (rows), decays by group, units, notes and simulated.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> bins = pl.DataFrame({"counts": [9, 30, 8], "exposure_s": [10.0, 10.0, 10.0]})
    >>> shape.document(shape.shape_of(bins))["groups"][0]["points"]
    3
    """
    decays = {
        name: {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in vars(fit).items()
        }
        for name, fit in shape.decays.items()
    }
    return {
        "groups": shape.rows.to_dicts(),
        "decays": decays,
        "units": dict(shape.units),
        "notes": list(shape.notes),
        "simulated": shape.simulated,
    }
