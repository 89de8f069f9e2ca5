"""From the commit of a burst's rates to the page of its report, by replay of a stored night.

    python benchmarks/bench_night.py [--nights 5] [--pause 0.25] [--write]

All are real processes: an embedded platform with the sample sky, `orbital bursts watch
--report`, and this one, which commits the rates of a stored series with a burst once more,
64 s of its own time in each commit, under the name of the night. A delay runs from the
return of the commit that holds the burst's first bin until the page of that burst is
complete: curve, matches and visibility in one file. `--write` puts the table into
RESULTS.md. Exits with 1 if a page is missing or takes longer than 60 s.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from recorded import record

from orbital_kernel import Query, connect, embedded
from orbital_kernel.model import times

BLOCK_S = 64.0
WITHIN_S = 60.0
GIVE_UP_S = 300.0
FEW_S = 0.05
SAME_S = 10.0


def main():
    """Replay the nights; print or record the delays."""
    given = _arguments()
    with TemporaryDirectory() as folder:
        home = Path(folder, "platform")
        os.environ["ORBITAL_HOME"] = str(home)
        try:
            rows = replayed(home, Path(folder), given)
        finally:
            embedded.stop(home)
    text = table(rows)
    print(text)
    if given.write:
        record("night", "A burst's own report", f"{ABOUT}\n\n{text}")
    late = [delay for _night, _found, delay in rows]
    return int(not all(delay is not None and delay <= WITHIN_S for delay in late))


ABOUT = (
    "`make bench-night`: a stored night is replayed under `orbital bursts watch --report`; "
    "seconds from the return of the commit that holds the first bin of the burst until its "
    "alert is in the watcher's file, and until its page (curve, matches, visibility) is "
    "complete. The watcher waits 2 s of it for a longer window of the same burst."
)


def replayed(home, folder, given):
    """Return night, and the delays of alert and page (s), None of what did not come."""
    orbital = connect(home)
    orbital.prepare()
    orbital.bursts.scan_store()
    burst = strongest(orbital)
    night = orbital.series(burst["series"]).sort("met_s")
    out, alerts = folder / "reports", folder / "alerts.jsonl"
    watcher = watching(out, alerts, folder / "watcher.log")
    try:
        return [
            once(
                orbital, night, burst, number, out=out, alerts=alerts, pause=given.pause
            )
            for number in range(given.nights)
        ]
    finally:
        watcher.terminate()
        watcher.wait()
        print((folder / "watcher.log").read_text(), file=sys.stderr)


def strongest(orbital):
    """Return the row of the stored burst with the highest significance."""
    query = Query("cross.bursts", sets={"cause": ["burst"]}, full_scan=True)
    rows = orbital.query(query).frame
    return rows.sort("significance", descending=True).row(0, named=True)


def watching(out, alerts, log):
    """Start the watcher and wait until it has read the present rows."""
    words = (sys.executable, "-m", "orbital_kernel", "bursts", "watch")
    process = subprocess.Popen(
        [*words, "--report", str(out), "--file", str(alerts), "--heartbeat", "1"],
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=log.open("w"),
    )
    while "watching" not in log.read_text():
        if process.poll() is not None:
            raise SystemExit(f"the watcher ended: {log.read_text()}")
        time.sleep(FEW_S)
    return process


def once(orbital, night, burst, number, *, out, alerts, pause):
    """Commit a night block by block; return its delays."""
    name = f"{burst['series']} (night {number + 1})"
    rows = night.select(orbital.store.actual()["swift.rates"].arrow.names)
    rows = rows.with_columns(pl.lit(name).alias("series"))
    start, committed = float(rows["met_s"].min()), None
    blocks = rows.with_columns(((pl.col("met_s") - start) // BLOCK_S).alias("block"))
    for block in blocks.partition_by("block", maintain_order=True):
        orbital.store.insert("swift.rates", block.drop("block").to_arrow())
        if committed is None and block["met_s"].max() >= burst["met_s"]:
            committed = time.time()
        time.sleep(pause)
    return (name, *delays(out, alerts, name, burst["time"], committed))


def delays(out, alerts, name, time_tt, committed):
    """Wait for the alert about a burst, then its page; return when they came, s."""
    alert = written = None
    deadline = time.time() + GIVE_UP_S
    while written is None and time.time() < deadline:
        alert = alert or alerted(alerts, name, time_tt)
        written = None if alert is None else completed(out, alert["id"])
        time.sleep(FEW_S)
    if alert is None:
        return None, None
    found = datetime.fromisoformat(alert["alert_datetime"]).timestamp()
    return found - committed, None if written is None else written - committed


def alerted(alerts, name, time_tt):
    """Return the first alert of a burst of that series at that time; None before it."""
    utc = times.utc_from_tt(np.datetime64(time_tt, "ns"))[0]
    for line in alerts.read_text().splitlines() if alerts.exists() else ():
        alert = json.loads(line)
        if not alert["id"].startswith(name) or "burst" not in alert["classification"]:
            continue
        trigger = np.datetime64(alert["trigger_time"].rstrip("Z"), "ns")
        if abs((trigger - utc) / np.timedelta64(1, "s")) <= SAME_S:
            return alert
    return None


def completed(out, alert_id):
    """Return when the page of an alert was complete; None before it."""
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"burst-{alert_id}").strip("_.")
    page = out / f"{stem}.html"
    if not page.exists() or "</html>" not in page.read_text(encoding="utf-8")[-200:]:
        return None
    return page.stat().st_mtime


def table(rows):
    """Return the delays as Markdown."""
    lines = ["| night | alert (s) | page (s) |", "| --- | ---: | ---: |"]
    lines += [
        f"| {number} | {_seconds(alert)} | {_seconds(page)} |"
        for number, (_name, alert, page) in enumerate(rows, 1)
    ]
    pages = [page for _name, _alert, page in rows if page is not None]
    if pages:
        lines += [f"| longest of {len(pages)} | | {max(pages):.1f} |"]
    return "\n".join(lines)


def _seconds(delay):
    return "none" if delay is None else f"{delay:.1f}"


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0.25, help="s between commits")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
