"""Selections asked before, to go back to and forward again."""

from orbital_widgets.selection import Selection

MOST = 100


class History:
    """A line of selections and the place in it."""

    def __init__(self) -> None:
        self._line: list[Selection] = []
        self._at = -1

    @property
    def can_go_back(self) -> bool:
        """Whether an earlier selection is held."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether a later selection is held."""
        return self._at < len(self._line) - 1

    def note(self, selection: Selection) -> None:
        """Add a selection that differs from the present one; later ones are dropped."""
        if self._line and self._line[self._at].values() == selection.values():
            return
        self._line = [*self._line[: self._at + 1], selection.copy()][-MOST:]
        self._at = len(self._line) - 1

    def place(self, selection: Selection) -> None:
        """Replace the present selection by the same one, its object looked up."""
        if self._line:
            self._line[self._at] = selection.copy()

    def go(self, steps: int) -> Selection | None:
        """Return the selection that many steps later (earlier if negative), if any."""
        place = self._at + steps
        if not 0 <= place < len(self._line):
            return None
        self._at = place
        return self._line[place]
