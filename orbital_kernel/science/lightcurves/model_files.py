"""A spectrum and factors from counts to flux, written as TOML."""

import tomllib
from collections.abc import Mapping
from typing import Any

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.spectra import (
    Absorbed,
    BlackBody,
    PowerLaw,
    SpectralModel,
)

COLUMN = ("nh_1e22", "nh_err_1e22", "redshift", "table")
MODELS: Mapping[str, Any] = {"power law": PowerLaw, "black body": BlackBody}


def model_file(
    text: str, name: str
) -> tuple[SpectralModel | None, dict[str, CountsToFlux] | None]:
    """Return the spectrum and the factors that a TOML text states.

    Parameters
    ----------
    text : str
        A table [model] with `kind` ('power law', 'black body') and its parameters, and
        nh_1e22 (1e22 cm-2) with nh_err_1e22 if it is absorbed; and tables [counts."INSTRUMENT/MODE"] with the parameters of CountsToFlux.
    name : str
        The file's name, for errors.

    Returns
    -------
    tuple
        The spectrum and the factors by instrument; None where the text has none.

    Raises
    ------
    QueryError
        If the text is not TOML, or has names that are unknown.
    """
    try:
        stated = tomllib.loads(text)
        model, factors = _read(**stated)
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise QueryError(
            f"{name} does not state a spectrum: {error}; it has a table [model] with "
            f"kind = {' or '.join(map(repr, MODELS))} and tables [counts.INSTRUMENT]"
        ) from None
    return model, factors or None


def _read(
    model: Mapping[str, Any] | None = None,
    counts: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[SpectralModel | None, dict[str, CountsToFlux]]:
    about = dict(model or {})
    column = {key: about.pop(key) for key in COLUMN if key in about}
    spectrum = MODELS[about.pop("kind", "power law")](**about) if about else None
    if column:
        spectrum = Absorbed(spectrum or PowerLaw(), **column)
    return spectrum, {name: _factor(about) for name, about in (counts or {}).items()}


def _factor(about: Mapping[str, Any]) -> CountsToFlux:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in about.items()
    }
    return CountsToFlux(**values)
