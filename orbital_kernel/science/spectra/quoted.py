"""Spectra that a record states for its points, as OTTER's records do."""

import json
import math
from typing import Any

from orbital_kernel.science.spectra.absorbed import Absorbed
from orbital_kernel.science.spectra.continua import PowerLaw, SpectralModel

COLUMN_NAMES = ("nhmw", "nh")
IN_1E22 = "10^22 cm^-2"
INDEX_NAMES = frozenset({"photonindex", "gamma", "index", "phoindex"})


def quoted_model(text: str | None) -> SpectralModel | None:
    """Return the model that a record states; None without one that can be used.

    Parameters
    ----------
    text : str or None
        A JSON object with model_name, param_names and param_values.

    Returns
    -------
    SpectralModel or None
        Without a stated error the index has none: factors by it have no error either.
    """
    if not text:
        return None
    stated: dict[str, Any] = json.loads(text)
    names = [str(name).lower() for name in stated.get("param_names", ())]
    values = dict(zip(names, stated.get("param_values", ()), strict=False))
    index = next((values[name] for name in names if name in INDEX_NAMES), None)
    kind = str(stated.get("model_name", "")).lower()
    if index is None or kind not in ("powerlaw", "absorbed powerlaw"):
        return None
    law = PowerLaw(float(index), math.nan)
    if kind == "powerlaw":
        return law
    units = dict(zip(names, stated.get("param_units", ()), strict=False))
    column = next((name for name in COLUMN_NAMES if units.get(name) == IN_1E22), None)
    return None if column is None else Absorbed(law, float(values[column]))
