"""The report of a burst, started by the alert about it."""

import re
import time as clock
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orbital_kernel.errors import ReportError
from orbital_kernel.monitor.alerts import burst_id_of
from orbital_kernel.monitor.sinks import Refused

if TYPE_CHECKING:
    from orbital_kernel.monitor.alerts import Alert

NAME = "burst"
SETTLE_S = 2.0
"""Time in which a first alert is often replaced by one of a longer window, s."""


class BurstReports:
    """A sink of alerts that writes the report of each burst: curve, matches, visibility.

    The newest burst comes first. An update of the alert writes the page again, so that it shows what is stored. Nothing
    is written about a row that an update has already replaced.

    Parameters
    ----------
    out : Path
        Folder of the pages.
    is_stored : callable
        Returns whether cross.bursts still has a burst_id.
    note : callable
        Called with a line for each page.
    """

    waits = newest_first = True
    flush_s = 300.0
    """Longest time that the end of a watcher waits for reports, s."""

    def __init__(
        self,
        out: Path,
        is_stored: Callable[[str], bool],
        note: Callable[[str], None],
    ) -> None:
        self.name = f"reports in {out.resolve()}"
        self._out, self._is_stored, self._note = out, is_stored, note

    def takes(self, alert: "Alert") -> bool:
        """Return whether an alert is about a burst; those of other causes need no page."""
        is_burst = NAME in alert["classification"]
        return is_burst and alert["alert_type"] != "retraction"

    def send(self, alert: "Alert") -> None:
        """Write the report of a burst."""
        burst_id = burst_id_of(alert)
        found = datetime.fromisoformat(alert["alert_datetime"])
        age_s = (datetime.now(UTC) - found).total_seconds()
        clock.sleep(min(max(SETTLE_S - age_s, 0.0), SETTLE_S))
        if burst_id is None or not self._is_stored(burst_id):
            return
        from orbital_kernel import reports

        stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{NAME}-{alert['id']}").strip("_.")
        report = reports.find(NAME)
        try:
            page = reports.run(report, self._out, {"burst": burst_id}, stem=stem)
            reports.write_index(self._out)
        except ReportError as error:
            if not self._is_stored(burst_id):
                return
            raise Refused(str(error)) from error
        seconds = (datetime.now(UTC) - found).total_seconds()
        self._note(f"report {page}: {seconds:.1f} s after the burst was found")
