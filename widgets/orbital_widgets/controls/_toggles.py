"""One switch per name, for the tuples of a Selection."""

from typing import Any

import ipywidgets as widgets

from orbital_widgets.selection import Selection


class Toggles:
    """Buttons that add names to a trait and remove them, in the order offered.

    Names in the trait are always offered. `offer` adds names found in an answer.
    """

    def __init__(
        self, selection: Selection, trait: str, label: str, names: tuple[str, ...] = ()
    ) -> None:
        self.selection, self.trait = selection, trait
        self.names: tuple[str, ...] = ()
        self.buttons: dict[str, widgets.ToggleButton] = {}
        self._row = widgets.Box(layout=widgets.Layout(flex_flow="row wrap"))
        self.widget = widgets.VBox((widgets.Label(label), self._row))
        self.widget.add_class(f"orbital-{trait}")
        self.offer(names)
        selection.observe(self._read, trait)

    def offer(self, names: tuple[str, ...], *, only: bool = False) -> None:
        """Offer more names, or `only` these and the chosen ones."""
        chosen = getattr(self.selection, self.trait)
        retained = chosen if only else (*self.names, *chosen)
        self.names = tuple(dict.fromkeys((*retained, *names)))
        self.buttons = {
            name: self.buttons.get(name) or self._button(name) for name in self.names
        }
        self._show(chosen)
        self._row.children = tuple(self.buttons.values())
        self.widget.layout.display = "flex" if self.names else "none"

    def _button(self, name: str) -> widgets.ToggleButton:
        button = widgets.ToggleButton(
            description=name, layout=widgets.Layout(width="auto")
        )
        button.observe(self._write, "value")
        return button

    def _write(self, _change: Any) -> None:
        with self.selection.lock:
            chosen = (name for name, button in self.buttons.items() if button.value)
            setattr(self.selection, self.trait, tuple(chosen))

    def _read(self, change: Any) -> None:
        if set(change["new"]) - set(self.names):
            self.offer(())
        self._show(change["new"])

    def _show(self, chosen: tuple[str, ...]) -> None:
        for name, button in self.buttons.items():
            button.unobserve(self._write, "value")
            button.value = name in chosen
            button.observe(self._write, "value")
