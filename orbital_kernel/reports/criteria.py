"""The mission's success criteria with their values: `demonstration.json`."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

KEYS = ("platform", "queries", "cross", "bursts", "scale-out", "exabyte", "cost")


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Criterion:
    """One success criterion and what was achieved.

    Parameters
    ----------
    key : str
        One of `KEYS`.
    asked, achieved : str
        What was asked for, and what was achieved on which data, in words.
    value : float
        The number.
    unit : str
        Its unit.
    measured_utc : str
        When it was computed, ISO 8601.
    command : str
        The command that computes it again.
    source : str
        'measured' or 'modelled'.
    simulated : bool
        Whether it rests on simulated rows.

    Examples
    --------
    >>> from orbital_kernel.reports.criteria import Criterion
    >>> Criterion("queries", "?", "!", 12.5, "ms", "", "orbital query", "measured", True).value
    12.5
    """

    key: str
    asked: str
    achieved: str
    value: float
    unit: str
    measured_utc: str
    command: str
    source: str
    simulated: bool


@dataclass(frozen=True)
class Demonstration:
    """Every success criterion, shown as one page in a notebook.

    Parameters
    ----------
    criteria : tuple of Criterion
        One for each of `KEYS`, in that order.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.reports.demonstration import demonstrate
    >>> [c.key for c in demonstrate(connect()).criteria][:2]
    ['platform', 'queries']
    """

    criteria: tuple[Criterion, ...]

    def _repr_markdown_(self) -> str:
        rows = (
            f"| {c.asked} | **{c.value:,} {c.unit}** ({c.source}"
            f"{', simulated rows' if c.simulated else ''}) | {c.achieved}. "
            f"Again: `{c.command}` |"
            for c in self.criteria
        )
        head = "| asked | achieved | on which data |\n| --- | --- | --- |"
        return "\n".join((head, *rows))

    def write(self, folder: Path) -> Path:
        """Write the criteria to FOLDER/demonstration.json.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.

        Returns
        -------
        pathlib.Path
            The file.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel.reports.criteria import Demonstration
        >>> Demonstration(()).write(Path(mkdtemp())).name
        'demonstration.json'
        """
        path = folder / "demonstration.json"
        text = json.dumps({"criteria": [asdict(c) for c in self.criteria]}, indent=2)
        path.write_text(text + "\n", encoding="utf-8")
        return path
