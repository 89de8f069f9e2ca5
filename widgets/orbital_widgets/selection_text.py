"""A Selection as JSON to save, share and restore, and in words."""

import json
from pathlib import Path
from typing import Self

from orbital_kernel.errors import QueryError
from orbital_widgets.selection_state import SelectionState


class SelectionText(SelectionState):
    """A selection written and read again.

    Examples
    --------
    >>> from orbital_widgets import Selection
    >>> Selection.from_json(Selection(sort="flux").to_json()).sort
    'flux'
    """

    def to_json(self) -> str:
        """Return the values as JSON, to save or share.

        Returns
        -------
        str
            JSON that `from_json` reads.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> saved = Selection(ra=83.63, dec=22.01).to_json()
        >>> Selection.from_json(saved).ra
        83.63
        """
        return json.dumps(
            {name: getattr(self, name) for name in sorted(self.trait_names())}
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the selection that JSON describes.

        Parameters
        ----------
        text : str
            What `to_json` returned; parameters that it lacks have their defaults.

        Returns
        -------
        Selection
            A new selection.

        Raises
        ------
        QueryError
            If the text is not such JSON.
        TraitError
            If a value is out of range.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection.from_json('{"table": "grbs", "limit": 5}').limit
        5
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise QueryError(f"a saved selection is JSON: {error}") from None
        names = set(cls.class_trait_names())
        if not isinstance(values, dict) or set(values) - names:
            raise QueryError(
                f"a saved selection is a JSON object of {', '.join(sorted(names))}"
            )
        return cls(**values)

    def parameters(self) -> dict[str, str]:
        """Return the values in words, by parameter.

        Returns
        -------
        dict of str to str
            Name and value of each parameter.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection().parameters()["cone"]
        'whole sky'
        """
        cone = "whole sky"
        if self.ra is not None and self.dec is not None:
            cone = f"{self.radius_arcmin:g} arcmin around RA {self.ra:.5f}, Dec {self.dec:+.5f} deg (ICRS)"
        return {
            "table": self.table,
            "observatories": ", ".join(self.observatories) or "none",
            "object": self.object or "none named",
            "cone": cone,
            "time (UTC)": f"{self.start or '…'} to {self.stop or '…'}"
            if self.start or self.stop
            else "any",
            "bands": ", ".join(self.bands) or "any",
            "instruments": ", ".join(self.instruments) or "any",
            "ranges": "; ".join(
                f"{name} {range_text(ends)}" for name, ends in self.ranges.items()
            )
            or "any",
            "text": "; ".join(f"{k} contains {v!r}" for k, v in self.contains.items())
            or "any",
            "columns": ", ".join(self.columns) or "all",
            "order": self._order(),
            "limit": f"{self.limit:,} rows "
            + (f"a page, page {self.page + 1}" if self.sort else "per observatory"),
        }

    def _order(self) -> str:
        first = "largest" if self.descending else "smallest"
        return f"{self.sort}, {first} first" if self.sort else "as stored"

    def save(self, path: str | Path) -> Path:
        """Write the values to a file that `load` reads.

        Parameters
        ----------
        path : str or Path
            The file, usually with the ending .json.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from orbital_widgets import Selection
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "crab.json"
        >>> Selection.load(Selection(ra=83.63, dec=22.01).save(path)).dec
        22.01
        """
        file = Path(path)
        file.write_text(self.to_json() + "\n", encoding="utf-8")
        return file

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the selection that a file describes.

        Parameters
        ----------
        path : str or Path
            What `save` wrote.

        Returns
        -------
        Selection
            A new selection.

        Raises
        ------
        QueryError
            If there is no such file, or its content is not a selection.
        TraitError
            If a value is out of range.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from orbital_widgets import Selection
        >>> path = Selection(limit=3).save(pathlib.Path(tempfile.mkdtemp()) / "a.json")
        >>> Selection.load(path).limit
        3
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise QueryError(f"a saved selection cannot be read: {error}") from None
        return cls.from_json(text)


def range_text(ends: tuple[float | None, float | None]) -> str:
    """Return a range as text, as the field of a range reads it."""
    low, high = ("" if end is None else f"{end:g}" for end in ends)
    return f"{low} to {high}".strip()
