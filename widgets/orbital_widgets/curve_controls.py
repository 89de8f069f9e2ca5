"""The controls of a light-curve explorer: each writes one parameter of a CurveChoice."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets

from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import SCALES
from orbital_widgets.curve_choice import CurveChoice
from orbital_widgets.paint import problem

CONVERTED = {
    "energy flux": "erg / (cm2 s)",
    "photon flux": "ph / (cm2 s)",
    "flux density": "Jy",
}
MEASURED = 0.0
"""Stands for no bins: a menu holds no None."""
BINS: dict[str, float | str] = {
    "as measured": MEASURED,
    "10 s": 10.0,
    "100 s": 100.0,
    "1000 s": 1000.0,
    "1 h": 3600.0,
    "1 d": 86400.0,
    "3 per decade": "log 3",
    "10 per decade": "log 10",
    "25 counts": "counts:25",
    "S/N 5": "snr:5",
    "snapshots": "snapshots",
    "ObsIDs": "observation",
    "blocks": "blocks",
}
PANELS = ("residual", "ratio", "hardness")
TICKED = ("limits", "decay", "blocks")
BAND = re.compile(
    r"\s*([\d.]+(?:e[+-]?\d+)?)\s*(?:-|to|,)\s*([\d.]+(?:e[+-]?\d+)?)\s*(?:keV)?\s*",
    re.IGNORECASE,
)
SHORTEST = 2
Unit = tuple[str | None, str | None]


class CurveControls:
    """Menus, boxes and fields; a change gives a new choice to whoever listens."""

    def __init__(self, choice: CurveChoice) -> None:
        self.choice = choice
        self._listening = False
        self._chosen: Callable[[CurveChoice], None] = lambda _choice: None
        self._typed: Callable[[str], None] = lambda _prefix: None
        self.object = ipywidgets.Combobox(
            description="Object", placeholder="a name, such as GRB 130427A"
        )
        self.unit = ipywidgets.Dropdown(description="Unit")
        self.band = ipywidgets.Text(
            description="Band (keV)", placeholder="0.3-10", continuous_update=False
        )
        self.index = ipywidgets.Text(
            description="Photon index",
            placeholder="of each point",
            continuous_update=False,
            style={"description_width": "initial"},
            tooltip="power law that converts between bands and units; blank: each "
            "point's own model, else 2",
        )
        self.soft = ipywidgets.Dropdown(description="Soft band")
        self.hard = ipywidgets.Dropdown(description="Hard band")
        self.bins = ipywidgets.SelectionSlider(
            description="Bins",
            options=tuple(BINS.items()),
            continuous_update=False,
            layout={"width": "400px"},
        )
        self.time_axis = ipywidgets.Dropdown(description="Time axis", options=SCALES)
        self.boxes = {
            name: ipywidgets.Checkbox(description=text, indent=False)
            for name, text in {
                "limits": "upper limits",
                "decay": "decay fit",
                "blocks": "Bayesian blocks",
                **{name: f"{name} panel" for name in PANELS},
            }.items()
        }
        self._problem = ipywidgets.HTML()
        self._submit = ipywidgets.Button(
            description="Show", tooltip="show the light curve of the object"
        )
        self.widget = self._laid_out()
        self.show(choice, ())
        self._listen()

    def on_choice(self, chosen: Callable[[CurveChoice], None]) -> None:
        """Call this with every new choice."""
        self._chosen = chosen

    def on_typed(self, typed: Callable[[str], None]) -> None:
        """Call this with the beginning of a name that is being typed."""
        self._typed = typed

    def suggest(self, names: tuple[str, ...]) -> None:
        """Offer names in the field of the object."""
        if names:
            self.object.options = names

    def show(
        self, choice: CurveChoice, units: tuple[str, ...], bands: tuple[str, ...] = ()
    ) -> None:
        """Show a choice; the menus offer units and bands of the points."""
        listening, self._listening = self._listening, False
        self.choice = choice
        self.object.value = choice.object
        chosen: Unit = (choice.unit, choice.as_written)
        self.unit.options = _units(units, chosen)
        self.unit.value = chosen
        self.band.value = "" if choice.band_kev is None else _band(choice.band_kev)
        index = choice.photon_index
        self.index.value = "" if index is None else f"{index:g}"
        for menu, end in ((self.soft, 0), (self.hard, 1)):
            band = choice.hardness[end] if choice.hardness else None
            names = dict.fromkeys((*bands, *([band] if band else [])))
            menu.options = (("automatic", ""), *((name, name) for name in names))
            menu.value = band or ""
        bins = MEASURED if choice.bins is None else choice.bins
        if bins not in BINS.values():
            self.bins.options = (*BINS.items(), (str(bins), bins))
        self.bins.value = bins
        self.time_axis.value = choice.time_axis
        for name, box in self.boxes.items():
            box.value = (
                name in choice.panels if name in PANELS else getattr(choice, name)
            )
        self._problem.value = ""
        self._listening = listening

    def _laid_out(self) -> ipywidgets.VBox:
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        first = (self.object, self._submit, self.unit, self.band, self.index)
        second = (self.bins, self.time_axis, self.soft, self.hard)
        return ipywidgets.VBox(
            (
                ipywidgets.Box(first, layout=wrapped),
                ipywidgets.Box(second, layout=wrapped),
                ipywidgets.Box(tuple(self.boxes.values()), layout=wrapped),
                self._problem,
            )
        )

    def _listen(self) -> None:
        self._listening = True
        self.object.observe(self._name_typed, "value")
        self._submit.on_click(lambda _button: self._write(again=True))
        self.object.on_msg(self._entered)
        menus = (self.unit, self.band, self.index, self.bins, self.time_axis)
        for entry in (*menus, self.soft, self.hard):
            entry.observe(lambda _change: self._write(), "value")
        for box in self.boxes.values():
            box.observe(lambda _change: self._write(), "value")

    def _hardness(self) -> tuple[str, str] | None:
        """Return both bands once both are chosen; one alone is not yet a choice."""
        soft, hard = self.soft.value, self.hard.value
        return (soft, hard) if soft and hard and soft != hard else None

    def _name_typed(self, change: Any) -> None:
        if not self._listening:
            return
        name = change["new"].strip()
        if name in self.object.options:
            self._write()
        elif len(name) >= SHORTEST:
            self._typed(name)

    def _entered(self, _entry: Any, content: dict[str, Any], _buffers: Any) -> None:
        """Take the name when the browser reports that Enter was pressed."""
        if content.get("event") == "submit":
            self._write()

    def _write(self, *, again: bool = False) -> None:
        """Pass a choice on; one that is passed on already only if it is asked again."""
        if not self._listening:
            return
        try:
            band = _parsed(self.band.value)
            index = _index(self.index.value)
        except ValueError as error:
            self._problem.value = problem(str(error), mark="")
            return
        unit, as_written = self.unit.value
        choice = replace(
            self.choice,
            object=self.object.value.strip(),
            unit=unit,
            as_written=as_written,
            band_kev=band,
            photon_index=index,
            hardness=self._hardness(),
            bins=self.bins.value or None,
            time_axis=self.time_axis.value,
            panels=tuple(name for name in PANELS if self.boxes[name].value),
            **{name: self.boxes[name].value for name in TICKED},
        )
        if again or choice != self.choice:
            self._chosen(choice)


def _index(text: str) -> float | None:
    """Return a photon index, None for blank text."""
    if not text.strip():
        return None
    try:
        index = float(text)
    except ValueError:
        raise ValueError(
            f"a photon index is a number such as 1.8, not {text!r}"
        ) from None
    if not -5 <= index <= 10:
        raise ValueError(f"a photon index is from -5 to 10, not {text!r}")
    return index


def _units(units: tuple[str, ...], chosen: Unit) -> tuple[tuple[str, Unit], ...]:
    """Return the menu: own units, conversions, each unit of the points, and the chosen."""
    menu: dict[Unit, str] = {(None, None): "own units"}
    menu |= {(unit, None): f"{name} ({unit})" for name, unit in CONVERTED.items()}
    menu |= {
        (None, unit): f"only {theme.unit_label(unit) or 'no unit'}" for unit in units
    }
    menu.setdefault(chosen, " ".join(text for text in chosen if text))
    return tuple((label, unit) for unit, label in menu.items())


def _band(edges: tuple[float, float]) -> str:
    return f"{edges[0]:g}-{edges[1]:g}"


def _parsed(text: str) -> tuple[float, float] | None:
    """Return the edges of a band in keV, None for blank text."""
    if not text.strip():
        return None
    match = BAND.fullmatch(text)
    if match is None:
        raise ValueError(f"a band is two energies in keV, such as 0.3-10, not {text!r}")
    low, high = (float(edge) for edge in match.groups())
    if not 0 < low < high:
        raise ValueError(f"a band rises from above 0 keV, not {text!r}")
    return low, high
