"""Write a sample sky: a fixed core with one of everything, then more of the same."""

import re
from collections.abc import Callable
from pathlib import Path

from orbital_kernel.errors import ConfigError
from orbital_kernel.sample import grb_catalogs, logs
from orbital_kernel.sample.chapters import write_chapter
from orbital_kernel.sample.core import write_core
from orbital_kernel.sample.scene import Scene
from orbital_kernel.sample.truth import Ledger, Truth, save

Progress = Callable[[int, int, str], None]
"""Called as progress(bytes written, bytes in total, step just written)."""

SIZES = {"small": 5_000_000, "medium": 100_000_000}
SEED = 20040220
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", re.IGNORECASE)
_CHAPTER_BYTES = (2_000_000, 48_000_000)


def size_bytes(size: str | int) -> int:
    """Return the size of a sample in bytes.

    Parameters
    ----------
    size : str or int
        'small', 'medium', a number of bytes, or text such as '300 MB' (decimal units).

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    ConfigError
        For any other size.

    Examples
    --------
    >>> from orbital_kernel.sample import size_bytes
    >>> size_bytes("2GB")
    2000000000
    """
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    if size in SIZES:
        return SIZES[str(size)]
    match = _SIZE.fullmatch(str(size))
    if match is None or float(match[1]) <= 0:
        raise ConfigError(
            f"{size!r} is not a size of a sample: say 'small', 'medium', a number of "
            "bytes, or something like '300MB' or '2GB'"
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def write(
    folder: Path,
    *,
    size: str | int = "small",
    seed: int = SEED,
    progress: Progress | None = None,
) -> Truth:
    """Write a sample sky: simulated files of Swift and Chandra, and the truth.

    The core (about 4 MB) is always written in full. Beyond it, chapters of bursts, rates,
    events and catalogue fields follow until the size is reached, with one file in memory
    at a time. Existing files of the same names are overwritten.

    Parameters
    ----------
    folder : pathlib.Path
        New, empty or an earlier sample. `archive/` in it receives the files, in the
        archives' formats and marked as simulated; `truth/` what they contain.
    size : str or int, default 'small'
        'small' (5 MB), 'medium' (100 MB), a number of bytes, or text such as '2GB'.
    seed : int, default 20040220
        Seed of all random numbers. The same seed and size give the same bytes.
    progress : callable, optional
        Called as ``progress(bytes_written, bytes_in_total, step)``.

    Returns
    -------
    Truth
        What the files contain: bursts, sources, faults and files, as tables.

    Raises
    ------
    ConfigError
        If the size is not valid, or the folder contains anything but a sample.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from orbital_kernel import sample
    >>> with TemporaryDirectory() as folder:
    ...     truth = sample.write(Path(folder), size="small")
    ...     (Path(folder) / "archive").is_dir()
    True
    """
    total = size_bytes(size)
    _refuse_foreign(folder)
    scene = Scene(folder / "archive", seed, Ledger(folder / "archive"))
    report = progress or _silent
    write_core(scene)
    report(scene.bytes, total, "core")
    number = 0
    while scene.bytes < total * 0.98:
        remaining = total - scene.bytes
        low, high = _CHAPTER_BYTES
        # Small samples get small chapters, so that the last one ends near the size.
        target = min(max(total // 20, low), high, remaining)
        write_chapter(scene, number, target)
        number += 1
        report(scene.bytes, total, f"chapter {number}")
    _write_lists(scene)
    truth = save(folder, scene.ledger, seed=seed)
    report(truth.size_bytes, total, "truth")
    return truth


def _write_lists(scene: Scene) -> None:
    """Write what lists everything else: burst catalogues and observation logs."""
    listed = [burst for burst in scene.bursts if burst.listed]
    bat = scene.folder / "swift_bat" / "catalogs"
    grb_catalogs.write_grb_table(
        bat / "simulated_swift_grb_table.tsv", listed, scene.ledger
    )
    grb_catalogs.write_bat_catalog(bat, listed, scene.ledger)
    logs.write_chanmaster(
        scene.folder / "chandra" / "obs_logs" / "simulated_chanmaster.tsv",
        scene.observations,
        scene.ledger,
    )
    logs.write_swiftmastr(
        scene.folder / "swift_xrt" / "obs_logs" / "simulated_swiftmastr.csv",
        scene.pointings,
        scene.ledger,
    )


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    strangers = sorted(p.name for p in folder.iterdir() if p.name not in _OURS)
    if strangers:
        raise ConfigError(
            f"{folder} holds other things ({', '.join(strangers[:3])}); "
            "write the sample into a new or empty folder"
        )


_OURS = {"archive", "truth"}


def _silent(_done: int, _total: int, _step: str) -> None:
    """Report nothing."""
