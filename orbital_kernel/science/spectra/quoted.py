"""Spectra that a record states for its points, as OTTER's records do."""

import json
import math
from typing import Any

from orbital_kernel.science.spectra.continua import PowerLaw, SpectralModel

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
    if index is None or stated.get("model_name", "").lower() != "powerlaw":
        return None
    return PowerLaw(float(index), math.nan)
