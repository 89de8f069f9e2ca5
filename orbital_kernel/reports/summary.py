"""What the demo reports at its end: the fields of `summary.json`."""

from dataclasses import dataclass, field
from typing import Any

from orbital_kernel import config


@dataclass
class Summary:
    """Results of the demo, and the fields of `summary.json`.

    Parameters
    ----------
    archive : str
        Folder of the files, or 'sample sky'.
    simulated : bool
        Whether the files are simulated.
    database : str
        Name of the database.
    tables : dict of str to int
        Number of rows by table.
    files : dict of str to int
        Number of files by state: ingested, unchanged, refused.
    refused : list of dict
        `path` and `reason` of each refused file.
    bursts : list of dict
        Excursions in all rates, as `orbital bursts scan --json` prints them.
    bursts_matched : int
        Number of bursts that match a catalogue burst.
    matches : dict of str to int
        Numbers of matches between the observatories.
    light_curve : dict
        Object, reference time and numbers of points of the light curve built.
    published : list of dict
        Points by object and observatory of the measurements that come with Orbital, in
        the database 'published'.
    queries : list of dict
        How each query was answered, as with `--explain --json`.
    reports : list of str
        Paths of the HTML pages.
    platform : str
        Platform or cluster that was used.
    seconds : float
        Duration, s.
    """

    archive: str
    simulated: bool
    database: str = config.DATABASE
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, str | None]] = field(default_factory=list)
    bursts: list[dict[str, Any]] = field(default_factory=list)
    bursts_matched: int = 0
    matches: dict[str, int] = field(default_factory=dict)
    light_curve: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, Any]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    platform: str = ""
    seconds: float = 0.0
