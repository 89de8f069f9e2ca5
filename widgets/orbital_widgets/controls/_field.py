"""One input bound to one trait; a refused value shows its reason below the input."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from traitlets import TraitError

from orbital_widgets.paint import problem
from orbital_widgets.selection import Selection


class Field:
    """An input widget and a trait that follow each other.

    `parse` converts the input's value to the trait's, `show` the other way round. A value
    that the trait refuses remains in the input, with the reason below it; the selection
    does not change.
    """

    def __init__(
        self,
        selection: Selection,
        trait: str,
        entry: widgets.ValueWidget,
        *,
        parse: Callable[[Any], Any] = lambda value: value,
        show: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self.selection, self.trait, self.entry = selection, trait, entry
        self._parse, self._show = parse, show
        self.problem = widgets.HTML()
        self.widget = widgets.VBox((entry, self.problem))
        entry.add_class(f"orbital-{trait.replace('_', '-')}")
        entry.value = show(getattr(selection, trait))
        entry.observe(self._write, "value")
        selection.observe(self._read, trait)

    def _write(self, change: Any) -> None:
        with self.selection.lock:
            if change["new"] == self._show(getattr(self.selection, self.trait)):
                self._complain("")
                return
            try:
                setattr(self.selection, self.trait, self._parse(change["new"]))
            except (TraitError, ValueError) as error:
                self._complain(str(error))
            else:
                self._complain("")

    def _read(self, change: Any) -> None:
        self.entry.value = self._show(change["new"])
        self._complain("")

    def _complain(self, words: str) -> None:
        self.problem.value = problem(words, mark="")
