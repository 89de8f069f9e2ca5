"""The light-curve explorer: an object by name; units, bands, bins and overlays by controls."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_widgets.connection import sentence
from orbital_widgets.curve_choice import CurveChoice, lagged
from orbital_widgets.curve_controls import CurveControls
from orbital_widgets.curve_html import page, status
from orbital_widgets.curve_lag import LagBar
from orbital_widgets.curve_look import CurveLook, look
from orbital_widgets.curve_tables import CurveTables
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.latest import PAUSE_S, WITHIN_S, Latest
from orbital_widgets.paint import problem
from orbital_widgets.panel import Panel
from orbital_widgets.save_bar import SaveBar

if TYPE_CHECKING:
    from concurrent.futures import Future


class LightCurveExplorer(Panel):
    """One object's light curve; each control is a parameter of the public call.

    Parameters
    ----------
    orbital : Orbital
        The session.
    object : str, default ''
        Name or alias of the object.
    unit : str, optional
        Unit to convert the points to, as in `orbital.light_curve`.
    as_written : str, optional
        Show only points whose file has this unit.
    band_kev : tuple of float, optional
        Band to convert to, keV.
    photon_index : float, optional
        Photon index of the power law that bands are converted by; by default the model
        of each point.
    bins : float or str, optional
        Width in s, or a word such as 'log 3', 'snr:5' or 'snapshots', as in
        `LightCurve.binned`.
    time_axis : str, default 'auto'
        'auto', 'utc', 'mjd', 'elapsed' (since T0) or 'log'.
    limits : bool, default True
        Show upper limits.
    panels : tuple of str, default ()
        'residual', 'ratio' and 'hardness', as in `plots.light_curve`.
    hardness : tuple of str, optional
        Soft and hard band; by default the lowest and the highest band.
    decay, blocks : bool, default False
        Draw the fitted decay, and the Bayesian blocks.
    lag_of, lag_against : str, optional
        Series between which a lag is measured, as in `orbital.lag`.
    lag_method : str, default 'iccf'
        'iccf', 'zdcf' or 'dcf'.
    folder : str or Path, default '.'
        Where [Save] writes.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.
    within_s : float, default 120.0
        Longest time to wait for an answer, s.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import LightCurveExplorer
    >>> explorer = LightCurveExplorer(connect(), object="SIM AGN 1", static=True).wait()
    >>> len(explorer.curve.points) > 0
    True
    >>> explorer.close()
    """

    def __init__(
        self,
        orbital: Any,
        object: str = "",  # noqa: A002 - as the column
        *,
        unit: str | None = None,
        as_written: str | None = None,
        band_kev: tuple[float, float] | None = None,
        photon_index: float | None = None,
        bins: float | str | None = None,
        time_axis: str = "auto",
        limits: bool = True,
        panels: tuple[str, ...] = (),
        hardness: tuple[str, str] | None = None,
        decay: bool = False,
        blocks: bool = False,
        lag_of: str | None = None,
        lag_against: str | None = None,
        lag_method: str = "iccf",
        folder: str | Path = ".",
        static: bool | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        super().__init__(
            lambda: None,
            every_s=None,
            session=orbital,
            static=static,
            within_s=within_s,
        )
        self.choice = CurveChoice(
            *(object, unit, as_written, band_kev, photon_index, bins, time_axis),
            *(limits, tuple(panels), hardness, decay, blocks),
            *(lag_of, lag_against, lag_method),
        )
        self.look = CurveLook(self.choice)
        self._folder = Path(folder)
        self._before: CurveLook | None = None
        self._window: tuple[float, float] | None = None
        self._names = Latest(self._lock_ui, pause_s=PAUSE_S)
        self._detail = Latest(self._lock_ui, pause_s=PAUSE_S)
        self._build()
        self.refresh()

    @property
    def curve(self) -> Any:
        """The light curve shown; None without an answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import LightCurveExplorer
        >>> explorer = LightCurveExplorer(connect(), static=True).wait()
        >>> explorer.curve is None
        True
        >>> explorer.close()
        """
        return self.look.curve

    @property
    def code(self) -> str:
        """The Python of the public calls that give what is shown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import LightCurveExplorer
        >>> explorer = LightCurveExplorer(connect(), "SIM AGN 1", bins=600.0).wait()
        >>> "orbital.light_curve('SIM AGN 1', bins=600.0)" in explorer.code
        True
        >>> explorer.close()
        """
        return self.look.code

    def show(self, choice: CurveChoice) -> None:
        """Show another choice; the controls follow it.

        Points of the same object are brought to another unit or band without reading
        them again; the same choice once more reads them again.

        Parameters
        ----------
        choice : CurveChoice
            The parameters.

        Examples
        --------
        >>> from dataclasses import replace
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import LightCurveExplorer
        >>> explorer = LightCurveExplorer(connect(), "SIM AGN 1").wait()
        >>> explorer.show(replace(explorer.choice, limits=False))
        >>> explorer.wait().choice.limits
        False
        >>> explorer.close()
        """
        same = choice.object == self.look.choice.object
        self._before = self.look if same and choice != self.choice else None
        self._window = self._window if same else None
        self.choice = choice
        units = self.look.units if same else ()
        self.controls.show(choice, units, self.look.bands)
        self._status.value = "<i>asking…</i>"
        self.refresh()

    def complete(self, prefix: str) -> None:
        """Offer names that begin so in the field of the object.

        Parameters
        ----------
        prefix : str
            The beginning of a name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import LightCurveExplorer
        >>> explorer = LightCurveExplorer(connect())
        >>> explorer.complete("SIM AGN")
        >>> explorer.wait().close()
        """
        session = self.session
        self._names.ask(lambda: session.names.complete(prefix, limit=15), self._named)

    def save(self, ending: str) -> Path:
        """Write the points shown, excluded ones too, into the folder.

        Parameters
        ----------
        ending : str
            'csv', 'ecsv', 'fits' or 'vot'.

        Returns
        -------
        Path
            The file, named by the object.

        Raises
        ------
        QueryError
            If the ending is of no known format.
        ValueError
            If no light curve is shown.

        Examples
        --------
        >>> import tempfile
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import LightCurveExplorer
        >>> folder = tempfile.mkdtemp()
        >>> explorer = LightCurveExplorer(connect(), "SIM AGN 1", folder=folder).wait()
        >>> explorer.save("csv").name
        'SIM_AGN_1.csv'
        >>> explorer.close()
        """
        if self.curve is None:
            raise ValueError("no light curve is shown: name an object first")
        name = re.sub(r"[^\w.+-]+", "_", self.choice.object).strip("._") or "curve"
        path: Path = self.curve.to_file(self._folder / f"{name}.{ending}")
        return path

    def _beside(self) -> tuple[Any, ...]:
        return self._names, self._detail, self.lag

    def _release(self) -> None:
        self._names.close()
        self._detail.close()
        self.lag.close()
        self._slot.close()

    def _job(self) -> Callable[[], CurveLook]:
        session, choice, window = self.session, self.choice, self._window
        before, self._before = self._before, None
        return lambda: look(session, choice, before=before, window=window)

    def _build(self) -> None:
        self.controls = CurveControls(self.choice)
        self.controls.on_choice(self.show)
        self.controls.on_typed(self.complete)
        self._status = ipywidgets.HTML("<i>asking…</i>")
        self._slot = FigureSlot(self._lock_ui, self._moved)
        self.tables = CurveTables()
        self.saving = SaveBar(self.save)
        self.lag = LagBar(self._lock_ui, self._lag_chosen)
        below = (
            *(self._slot.widget, self.saving.widget),
            *(self.lag.widget, self.tables.widget),
        )
        self._lay_out(self.controls.widget, *below, buttons=(self._status,))
        self.add_class("orbital-light-curve")

    def _show(self, answer: CurveLook) -> None:
        self.look = answer
        self.controls.show(answer.choice, answer.units, answer.bands)
        self.controls.suggest(answer.near)
        zoom = "<br>Zoom in to see each point." if answer.draw else ""
        self._status.value = status(answer) + ("" if self._static else zoom)
        self.tables.show(answer)
        self.lag.show(self.session, answer.choice, answer.selections)
        if not self._static:
            self._slot.put(answer.figure)

    def _failed(self, reason: str) -> None:
        self._status.value = problem(reason)

    def _moved(self, window: tuple[float, float] | None) -> None:
        """Draw the points of the part of the time axis that is shown."""
        draw = self.look.draw
        if window != self._window and draw is not None:
            self._detail.ask(lambda: draw(window), self._refined)
        self._window = window

    def _refined(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is None:
            self._slot.refine(future.result())
        else:
            self._failed(sentence(error))

    def _named(self, future: "Future[list[str]]") -> None:
        error = future.exception()
        if error is None:
            self.controls.suggest(tuple(future.result()))
        else:
            self._failed(sentence(error))

    def _lag_chosen(self, choice: CurveChoice) -> None:
        """Keep the series of a lag: the points stay as they are, the code names it."""
        self.choice = self.controls.choice = choice
        self.look = replace(self.look, code=lagged(self.look.code, choice))
        self.tables.show_code(self.look)

    def _static_html(self) -> str:
        return page(self.look, self.tables.page())
