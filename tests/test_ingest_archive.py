"""The whole real archive through the command: each file's rows, counted another way.

Nothing of the readers is used to count: astropy opens the FITS files, csv and json the
rest, and lines that begin with a number are the rows of what has no header.
"""

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from astropy.io import fits

from orbital_kernel import config, connect, embedded
from orbital_kernel.archives import readers

NUMBER = re.compile(r"\s*[-+]?\d")
MANIFEST_COUNTS_LINES = (
    *("gcn_kafka_json", "otter", "oif.fits"),
    *("swiftxrlog_AT2022tsd.txt", "GRB070809_rawSwiftData.csv"),
    *("SN2013cq/GRB130427A", "Villar", "SN2010jl", "flux_summary"),
)
pytestmark = pytest.mark.filterwarnings("ignore:Invalid keyword")
NOT_DATA = ("README", "MANIFEST", "/expected/", "/schema/")


def run(archive, home, *more):
    """Run `orbital ingest ARCHIVE --json`; return its exit code and document."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "orbital_kernel",
            "ingest",
            str(archive),
            "--json",
            *more,
        ],
        env=config.without_vendor_variables(os.environ) | {"ORBITAL_HOME": str(home)},
        stdout=subprocess.PIPE,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)["files"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the folder of a platform nobody has touched before."""
    folder = tmp_path_factory.mktemp("archive")
    yield folder
    embedded.stop(folder)


@pytest.fixture(scope="module")
def ingested(archive, home):
    """Return exit code and files of the first run, on an empty store."""
    return run(archive, home)


# Independent counts: rows by table, from the path alone.


def opened(path):
    return fits.open(path, memmap=False, ignore_missing_simple=True)


def table_rows(*names, table, each=None, gti="intervals"):
    """Count rows of the HDUs of these names, once a channel of column `each`."""

    def count(path):
        rows = Counter()
        with opened(path) as hdus:
            for hdu in hdus:
                if hdu.name in names:
                    cells = (
                        hdu.columns[each].dim or hdu.columns[each].format if each else 1
                    )
                    rows[table] += len(hdu.data) * channels(cells)
                elif gti and "GTI" in hdu.name:
                    rows[gti] += len(hdu.data)
        return rows

    return count


def channels(form):
    digits = re.match(r"\d+", str(form))
    return int(digits[0]) if digits else 1


def first_table(table):
    def count(path):
        with opened(path) as hdus:
            return Counter({table: len(hdus[1].data)})

    return count


def lines_of(path):
    """Return the lines by line feed alone: cells contain form feeds and the like."""
    raw = path.read_bytes()
    plain = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return [line.rstrip("\r") for line in plain.decode("latin-1").split("\n")]


def delimited(table, delimiter, *, quoting=csv.QUOTE_MINIMAL):
    """Count the rows under a header line, without lines of '#'."""

    def count(path):
        lines = [x for x in lines_of(path) if x.strip() and x[0] != "#"]
        return Counter(
            {
                table: len(
                    list(csv.reader(lines, delimiter=delimiter, quoting=quoting))
                )
                - 1
            }
        )

    return count


def numbered(table, each=1):
    """Count lines that begin with a number."""

    def count(path):
        rows = [line for line in lines_of(path) if NUMBER.match(line)]
        return Counter({table: len(rows) * each})

    return count


def qdp(path):
    """Count lines of numbers, without those of the photon index block."""
    count, counts = 0, True
    for line in lines_of(path):
        if line.startswith("!"):
            counts = "gamma" not in line if len(line.split()) == 2 else counts
        elif NUMBER.match(line):
            count += counts
        elif line.startswith("NO"):
            counts = True
    return Counter(photometry=count)


def catalog(path):
    if path.name.endswith(".fits"):
        return first_table("sources")(path)
    return delimited("sources", {".tsv": "\t"}.get(path.suffix, ","))(path)


def swift_catalog(path):
    if path.suffix == ".csv":
        return delimited("sources", ";")(path)
    return first_table("sources")(path)


def bat_catalog(path):
    lines = lines_of(path)
    return Counter(grbs=sum(bool(x.strip()) and not x.startswith("#") for x in lines))


def bat_ascii(path):
    each = 1 if "1chan" in path.name else 5
    return numbered("photometry", each)(path)


def timeline(path):
    if path.suffix == ".csv":
        return delimited("intervals", ",")(path)
    barred = [x for x in lines_of(path) if x.startswith("|")]
    return Counter(intervals=len(barred) - 1)


def tdrss(path):
    rows = Counter()
    with opened(path) as hdus:
        for hdu in hdus:
            if hdu.name.startswith("TDRSS_LC"):
                rows["rates"] += len(hdu.data) * 4
            elif hdu.name == "RATE":
                rows["photometry"] += len(hdu.data)
    return rows


def notice(path):
    content = json.loads(path.read_text())
    files = content.get("lightcurve_fits_file", {})
    real = any(len(inner) > 1000 for inner in files.values())
    return Counter(notices=1) + (Counter(rates=212 * 4) if real else Counter())


def event(path):
    root = ET.parse(path).getroot()
    return Counter(notices=int(root.tag.endswith("VOEvent")))


def otter(path):
    rows = Counter()
    for block in json.loads(path.read_text())["photometry"]:
        owner = str(block.get("telescope")).lower()
        if owner in {"swift", "chandra"}:
            rows[f"{owner}.photometry"] += len(block.get("raw", block.get("value")))
        elif owner == "none":
            filters = map(str, block["filter_key"])
            rows["swift.photometry"] += sum(name.endswith(".uvot") for name in filters)
    return rows


def xrt_json(path):
    return Counter(photometry=len(json.loads(path.read_text())["Time"]))


OWNERS = {
    "chandra": re.compile(r"Chandra\b|^\s*ulx3\s+\d{4,5}\s"),
    "swift": re.compile(r"UVOT|\bSwift\b|^\s*ulx3\s+\d{11}\s"),
}


def published(path):
    """Count the lines of a publication's table that name an observatory of Orbital."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.name.endswith("xrtlc.txt"):
        return Counter({"swift.photometry": len(lines) - 1})
    if path.name.startswith("GRB170817A_chandra"):
        return Counter({"chandra.photometry": len(lines) - 1})
    data = [line for line in lines if not line.startswith("#")]
    return Counter(
        {
            f"{o}.photometry": sum(bool(p.search(line)) for line in data)
            for o, p in OWNERS.items()
        }
    )


def srcflux(path):
    return Counter(sources=len(re.findall(r"^#\d+\|", path.read_text(), re.MULTILINE)))


COUNTS = {
    "chandra-csc": catalog,
    "chandra-events": table_rows("EVENTS", table="events"),
    "chandra-index": lambda _path: Counter(observations=1),
    "chandra-lightcurve": table_rows("LIGHTCURVE", table="photometry"),
    "chandra-observations": delimited("observations", "\t"),
    "chandra-srcflux": srcflux,
    "fermi-gbm": lambda path: (
        table_rows("SPECTRUM", table="rates", each="COUNTS")(path)
        if "cspec" in path.name
        else table_rows("EVENTS", table="events")(path)
    ),
    "gcn-json": notice,
    "otter": otter,
    "published-table": published,
    "swift-bat-ascii": bat_ascii,
    "swift-bat-catalog": bat_catalog,
    "swift-bat-lightcurve": table_rows("RATE", table="rates", each="RATE"),
    "swift-bat-rates": table_rows("RATE", table="rates", each="COUNTS"),
    "swift-events": table_rows("EVENTS", table="events"),
    "swift-grb-table": delimited("grbs", "\t", quoting=csv.QUOTE_NONE),
    "swift-observations": delimited("observations", ","),
    "swift-sources": swift_catalog,
    "swift-tdrss-lightcurve": tdrss,
    "swift-timeline": timeline,
    "swift-xrt-json": xrt_json,
    "swift-xrt-qdp": qdp,
    "swift-xrt-types": delimited("grbs", ";"),
    "voevent": event,
}


def put(report):
    """Return a file's rows by table, and how many were left out as repeated in it."""
    rows = Counter({name: sum(n.values()) for name, n in report["tables"].items()})
    repeated = sum(n for why, n in report["skipped"].items() if "repeated" in why)
    return rows, repeated


NO_FILE = {"gcn-text", "swift-bat-monitor", "swift-xrt-lightcurve"}
"""Formats of which the archive has no file; tests write theirs."""


def test_every_format_is_counted_another_way(ingested):
    seen = {file["format"] for file in ingested[1] if file["state"] == "ingested"}

    assert {reader.name for reader in readers()} - NO_FILE == set(COUNTS)
    assert seen == set(COUNTS)


def test_each_file_gives_the_rows_it_has_counted_another_way(ingested):
    for file in ingested[1]:
        if file["state"] != "ingested":
            continue
        rows, repeated = put(file)
        counted = COUNTS[file["format"]](Path(file["path"]))
        named = {
            name if "." in name else f"{file['observatory']}.{name}": count
            for name, count in counted.items()
            if count
        }

        assert sum(named.values()) == sum(rows.values()) + repeated, file["path"]
        assert set(named) == set(rows), file["path"]


def test_each_file_gives_the_rows_of_its_manifest_or_a_reason(ingested, archive):
    reported = {file["path"]: file for file in ingested[1]}
    with (archive / "MANIFEST.tsv").open() as lines:
        listed = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))

    assert len(listed) > 200
    for row in listed:
        file = reported[str(archive / row["file"])]
        if file["state"] == "refused":
            assert re.search(
                "needs a mapping|a document|attitude|detector pixels|h5py"
                "|observatory in Orbital|does not have|a list of epochs",
                file["reason"],
            ), file
            continue
        number = re.search(r"\d+", row["rows"].split("(")[0])
        rows, repeated = put(file)
        if not any(part in file["path"] for part in MANIFEST_COUNTS_LINES):
            total = sum(rows.values()) + repeated
            assert file["state"] == "unchanged" or total >= int(number[0]), file


def test_files_without_data_are_refused_with_a_reason(ingested):
    code, files = ingested
    refused = {f["path"]: f["reason"] for f in files if f["state"] == "refused"}

    assert code == 1
    assert all(refused.values())
    for file in files:
        if any(part in file["path"] for part in NOT_DATA):
            assert file["path"] in refused


def test_the_stores_totals_are_the_files_counts(ingested, home):
    inserted = Counter()
    for file in ingested[1]:
        for name, counts in file["tables"].items():
            inserted[name] += counts["inserted"]
    held = connect(home).tables()

    assert {name: held[name] for name in inserted} == dict(inserted)


def test_running_it_again_adds_nothing(ingested, archive, home):
    def stored():
        return {n: c for n, c in connect(home).tables().items() if n != "ops.queries"}

    before = stored()
    _, again = run(archive, home)

    assert Counter(f["state"] for f in again)["ingested"] == 0
    assert [f["path"] for f in again] == [f["path"] for f in ingested[1]]
    assert stored() == before
