"""What a light-curve explorer shows: parameters of the public calls, and their code."""

from collections.abc import Mapping
from dataclasses import dataclass

from orbital_kernel import PowerLaw

ASKED = ("unit", "band_kev", "bins")
DRAWN = ("time_axis", "panels", "hardness")


@dataclass(frozen=True)
class CurveChoice:
    """The parameters of one light curve.

    Parameters
    ----------
    object : str
        Name or alias of the object; '' for none yet.
    unit : str, optional
        Unit to convert the points to; None leaves each point its unit.
    as_written : str, optional
        Show only points whose file has this unit.
    band_kev : tuple of float, optional
        Band to convert to, keV.
    photon_index : float, optional
        Photon index of the power law that bands are converted by; None takes the model
        that a point's record states, else an index of 2.
    bins : float or str, optional
        Width in s, or a word such as 'log 3', 'snr:5' or 'snapshots', as in
        `LightCurve.binned`; None does not average.
    time_axis : str
        'auto', 'utc', 'mjd', 'elapsed' or 'log'.
    limits : bool
        Whether upper limits are shown.
    panels : tuple of str
        'residual', 'ratio' (of the decay) and 'hardness'.
    hardness : tuple of str, optional
        Soft and hard band of the panel 'hardness'; by default the lowest and highest.
    decay, blocks : bool
        Whether the fitted decay and the Bayesian blocks are drawn.
    lag_of, lag_against : str, optional
        Series between which a lag is measured, as in `orbital.lag`.
    lag_method : str
        'iccf', 'zdcf' or 'dcf'.

    Examples
    --------
    >>> from orbital_widgets.curve_choice import CurveChoice
    >>> CurveChoice("SIM AGN 1").limits
    True
    """

    object: str = ""
    unit: str | None = None
    as_written: str | None = None
    band_kev: tuple[float, float] | None = None
    photon_index: float | None = None
    bins: float | str | None = None
    time_axis: str = "auto"
    limits: bool = True
    panels: tuple[str, ...] = ()
    hardness: tuple[str, str] | None = None
    decay: bool = False
    blocks: bool = False
    lag_of: str | None = None
    lag_against: str | None = None
    lag_method: str = "iccf"

    @property
    def model(self) -> PowerLaw | None:
        """The spectrum that bands are converted by; None for that of each point."""
        return None if self.photon_index is None else PowerLaw(self.photon_index)

    @property
    def fitted(self) -> bool:
        """Whether anything drawn needs the fitted decay."""
        return self.decay or bool({"residual", "ratio"} & set(self.panels))


DEFAULT = CurveChoice()


def given(choice: CurveChoice, names: tuple[str, ...]) -> str:
    """Return the parameters that differ from their default, as keyword arguments."""
    values = {name: getattr(choice, name) for name in names}
    return "".join(
        f", {name}={value!r}"
        for name, value in values.items()
        if value != getattr(DEFAULT, name)
    )


def code(
    choice: CurveChoice,
    *,
    first_unit: str | None = None,
    series: Mapping[str, str] | None = None,
) -> str:
    """Return the Python of the public calls that draw the choice.

    `first_unit` is the unit of the first panel, which the decay and blocks are of;
    `series` the columns and values that select the points of the blocks.
    """
    with_shape = choice.blocks
    names = ["connect", "plots", *(["shape"] if with_shape else [])]
    by_index = ""
    if choice.photon_index is not None:
        names.insert(0, "PowerLaw")
        by_index = f", model=PowerLaw({choice.photon_index!r})"
    lines = [
        f"from orbital_kernel import {', '.join(names)}",
        "",
        "orbital = connect()",
        f"curve = orbital.light_curve({choice.object!r}{given(choice, ASKED)}{by_index})",
    ]
    if choice.as_written is not None:
        lines.append(f"curve = curve.only(unit={choice.as_written!r})")
    frame = "curve.frame"
    if not choice.limits:
        lines.append("points = curve.frame.filter(~curve['is_limit'])")
        frame = "points"
    model = ""
    if choice.fitted or choice.blocks:
        lines.append(f"first = {frame}.filter(unit={first_unit!r})")
    if choice.fitted:
        lines += [
            "decays = orbital.shape(first).decays",
            "decay = decays.get('all') or max(decays.values(), key=lambda d: d.points)",
        ]
        model = ", model=decay.flux"
    drawn = given(choice, DRAWN)
    lines.append(f"figure = plots.light_curve({frame}{drawn}{model})")
    if choice.blocks:
        selected = "".join(
            f", {name}={text!r}" for name, text in (series or {}).items()
        )
        lines += [
            "counted = first['excluded'].is_null() & ~first['is_limit']",
            f"measured = first.filter(counted{selected})",
            "blocks = shape.states(",
            "    measured['since_s'], measured['value'], measured['value_err_plus']",
            ")",
        ]
    return lagged("\n".join(lines) + "\n", choice)


def lagged(text: str, choice: CurveChoice) -> str:
    """Return code with the lag of a choice in its last line, if it names two series."""
    lines = [line for line in text.splitlines() if not line.startswith("lag = ")]
    if choice.lag_of and choice.lag_against:
        ends = f"of={choice.lag_of!r}, against={choice.lag_against!r}"
        method = given(choice, ("lag_method",)).replace("lag_method", "method")
        lines.append(f"lag = orbital.lag({choice.object!r}, {ends}{method})")
    return "\n".join(lines) + "\n"
