"""The detector: rows of one series in, as they arrive; triggers out.

It passes over the series once, in batches of any size. Its state can be stored and
restored at any row; the triggers are the same as without the interruption.
"""

import io
import json
import zlib
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts.excursion import Trigger, table
from orbital_kernel.science.bursts.grid import grid
from orbital_kernel.science.bursts.samples import (
    Layout,
    Samples,
    kinds_of,
    layout,
    rows,
    tabulate,
)
from orbital_kernel.science.bursts.segment import Segment
from orbital_kernel.science.bursts.segment_state import restored, segment_state
from orbital_kernel.science.bursts.settings import VERSION, Settings

DEFAULT = Settings()
FAST = 1
ZIPPED = b"PK"
"""First bytes of older states, which were compressed array by array."""


class Detector:
    """Follows one series of `rates`.

    Parameters
    ----------
    settings
        Thresholds and times; the defaults give 0.01 false alarms of noise a day.

    Attributes
    ----------
    late : int
        Rows that arrived after their place in the series was passed, and were excluded.

    Examples
    --------
    >>> from orbital_kernel.science.bursts import Detector
    >>> from orbital_kernel.science.bursts.calibration import noise_series
    >>> detector = Detector()
    >>> triggers = detector.feed(next(noise_series("net", 1.0, 0.02)))
    >>> triggers + detector.finish()
    []
    """

    def __init__(self, settings: Settings = DEFAULT) -> None:
        self.settings = settings
        self.late = 0
        self._shape: Layout | None = None
        self._pending: pl.DataFrame | None = None
        self._last = -np.inf
        self._newest = -np.inf
        self._quiet = np.inf
        self._segment: Segment | None = None

    def feed(self, batch: pl.DataFrame) -> list[Trigger]:
        """Take rows of the series, in any order, and return the triggers they complete.

        Parameters
        ----------
        batch
            Rows of `rates`: met_s and bin_s (s), rate (in `unit`), kind; if known channel,
            counts, rate_err.

        Returns
        -------
        list of Trigger
            Excursions that began, ended or were retracted.

        Raises
        ------
        QueryError
            If columns are absent, or the rows are of another kind than those before.
        """
        new = rows(batch)
        if new.height == 0:
            return []
        if self._shape is None:
            self._shape = layout(new)
        self._refuse_strangers(new, self._shape)
        late = new["met_s"] <= self._last
        if late.any():
            self.late += int(late.sum())
            new = new.filter(~late)
        waiting = new if self._pending is None else pl.concat([self._pending, new])
        self._newest = max(self._newest, float(new["met_s"].max() or -np.inf))  # type: ignore[arg-type]
        even = grid(waiting, self._shape) if self.settings.lateness_s <= 0 else None
        if even is not None:
            self._pending = None
            return self._follow(even.samples(waiting, self._shape), self._newest)
        ready = self._ready(waiting, self._shape)
        self._pending = waiting.filter(~ready)
        return self._take(waiting.filter(ready))

    def finish(self) -> list[Trigger]:
        """End the series: take the rows that still wait, and close what is open."""
        if self._shape is None:
            return []
        waiting = self._pending
        self._pending = None
        triggers = [] if waiting is None else self._take(waiting)
        return triggers + self._close()

    def _refuse_strangers(self, new: pl.DataFrame, shape: Layout) -> None:
        channels = set(new["channel"].unique().to_list())
        kinds = kinds_of(new)
        if kinds != [shape.kind] or channels - set(shape.channels):
            raise QueryError(
                f"this detector follows a {shape.kind} series of channels"
                f" {list(shape.channels)}; a batch has {kinds},"
                f" channels {sorted(channels)}: use one detector a series"
            )

    def _ready(self, waiting: pl.DataFrame, shape: Layout) -> pl.Series:
        """Return which rows are of bins complete in all channels, or need not wait."""
        horizon = self._newest - self.settings.lateness_s
        complete = waiting.select(
            pl.col("channel").n_unique().over("met_s") >= len(shape.channels)
        ).to_series()
        due = waiting["met_s"] < horizon
        return due | (complete & (waiting["met_s"] <= horizon))

    def _take(self, ready: pl.DataFrame) -> list[Trigger]:
        assert self._shape is not None
        if ready.height == 0:
            return []
        last = float(ready["met_s"].max())  # type: ignore[arg-type]
        return self._follow(tabulate(ready, self._shape), last)

    def _follow(self, samples: Samples, last: float) -> list[Trigger]:
        """Take bins of rows up to a MET."""
        assert self._shape is not None
        self._last = last
        if len(samples) == 0:
            return []
        triggers: list[Trigger] = []
        for part in self._parts(samples):
            if self._segment is not None and self._gap(self._segment, part):
                triggers += self._close()
            if self._segment is None:
                self._segment = Segment.begin(self._shape, self.settings, self._quiet)
            triggers += self._segment.take(part)
        return triggers

    @property
    def _longest_gap(self) -> float:
        assert self._shape is not None
        gap = self.settings.gap_s if self._shape.raw else self.settings.net_gap_s
        return max(gap, 1.5 * self._shape.bin_s)

    def _parts(self, samples: Samples) -> list[Samples]:
        """Return the samples cut at gaps."""
        idle = samples.met[1:] - samples.met[:-1] - samples.seconds[:-1]
        cuts = [
            0,
            *(np.flatnonzero(idle > self._longest_gap) + 1).tolist(),
            len(samples),
        ]
        return [samples.cut(a, b) for a, b in pairwise(cuts)]

    def _gap(self, segment: Segment, part: Samples) -> bool:
        samples = segment.samples
        if len(samples) == 0:
            return False
        return bool(
            part.met[0] - samples.met[-1] - samples.seconds[-1] > self._longest_gap
        )

    def _close(self) -> list[Trigger]:
        if self._segment is None:
            return []
        triggers, self._quiet = self._segment.close()
        self._segment = None
        return triggers

    def state(self) -> bytes:
        """Return the state to continue from after a restart: a compressed npz."""
        segment = None if self._segment is None else segment_state(self._segment)
        arrays = {} if segment is None else segment.pop("arrays")
        head: dict[str, Any] = {
            "version": VERSION,
            "settings": asdict(self.settings),
            "shape": None if self._shape is None else asdict(self._shape),
            "late": self.late,
            "last": self._last,
            "newest": self._newest,
            "quiet": self._quiet,
            "segment": segment,
        }
        if self._pending is not None:
            arrays["pending"] = _packed(self._pending)
        packed = io.BytesIO()
        np.savez(packed, head=np.array(json.dumps(head)), **arrays)
        return zlib.compress(packed.getvalue(), FAST)

    @classmethod
    def from_state(cls, state: bytes) -> "Detector":
        """Return the detector of a stored state.

        Raises QueryError for a state of another version of the detector.
        """
        if not state.startswith(ZIPPED):
            state = zlib.decompress(state)
        with np.load(io.BytesIO(state), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        pending = arrays.pop("pending", None)
        head = json.loads(str(arrays.pop("head")))
        if head["version"] != VERSION:
            raise QueryError(
                f"this state is of detector version {head['version']}, this is version"
                f" {VERSION}: scan the series again from its start"
            )
        detector = cls(Settings(**head["settings"]))
        detector.late = head["late"]
        detector._last, detector._newest = head["last"], head["newest"]
        detector._quiet = head["quiet"]
        if head["shape"] is not None:
            shape = head["shape"]
            lists = {k: tuple(shape[k]) for k in ("channels", "bands")}
            detector._shape = Layout(**(shape | lists))
            if head["segment"] is not None:
                segment = head["segment"] | {"arrays": arrays}
                detector._segment = restored(
                    detector._shape, detector.settings, segment
                )
        if pending is not None:
            detector._pending = pl.read_ipc(io.BytesIO(pending.tobytes()))
        return detector


def _packed(frame: pl.DataFrame) -> NDArray[np.uint8]:
    """Return a frame as bytes that keep every value and type as they are."""
    packed = io.BytesIO()
    frame.write_ipc(packed)
    return np.frombuffer(packed.getvalue(), dtype=np.uint8)


def scan(series: pl.DataFrame, settings: Settings = DEFAULT) -> pl.DataFrame:
    """Return the excursions of one series of `rates`, in order of time.

    Parameters
    ----------
    series
        Rows of one series: met_s and bin_s (s), rate (in `unit`), kind ('net' or 'raw'); if
        known channel, counts, rate_err, band.
    settings
        Thresholds and times of the detector.

    Returns
    -------
    polars.DataFrame
        One row per excursion: met_s (start of the best window, s), significance (sigma),
        timescale_s (s), band, t90_s, t90_err_s and t50_s (s), t90_method_err_s (s, of the
        same photons by other levels and blocks), t90_start_s (s from met_s),
        peak and background (in `unit`), fluence (counts or unit s), unit, cause, evidence.

    Raises
    ------
    QueryError
        If columns are absent, or the rows are of several kinds.

    Examples
    --------
    >>> from orbital_kernel.science.bursts import scan
    >>> from orbital_kernel.science.bursts.calibration import noise_series
    >>> scan(next(noise_series("net", 1.0, 0.02))).height
    0

    References
    ----------
    Ward et al. 2023, JASA (arXiv:2208.01494) and Romano et al. 2023, JMLR 24, 81: every
    window of every length is tested in one pass.
    """
    detector = Detector(settings)
    triggers = detector.feed(series) + detector.finish()
    return table([trigger.row for trigger in triggers if trigger.state == "final"])
