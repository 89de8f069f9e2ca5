"""Damaged files of every kind are read or refused: no other error, no hang, no bloat."""

import gzip
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from archive_files import bat_lightcurve, bat_rates, rows_of
from test_archives_catalogs import BAT_HEAD, CHANMASTER
from test_archives_chandra import events, lightcurve
from test_archives_xrt import UKSSDC

from orbital_kernel.errors import ArchiveError, ReaderFault

CASES = 24
MEGABYTE = 1 << 20


def truncated(raw, dice):
    return raw[: dice.randrange(len(raw))]


def flipped(raw, dice):
    damaged = bytearray(raw)
    for _ in range(dice.choice([1, 1, 3, 30])):
        damaged[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def blotted(raw, dice):
    at = dice.randrange(len(raw))
    return raw[:at] + dice.randbytes(dice.choice([1, 80, 2880])) + raw[at + 80 :]


def shuffled(raw, dice):
    parts = [raw[at : at + 700] for at in range(0, len(raw), 700)]
    dice.shuffle(parts)
    return b"".join(parts)


def mislabelled(raw, dice):
    return dice.choice([b"SIMPLE  =", b"{", b"<VOEvent>", b"#Column\t"]) + raw


def swollen(raw, dice):
    return gzip.compress(raw + bytes(dice.choice([1, 65]) * MEGABYTE), 1)


MUTATIONS = [truncated, flipped, flipped, blotted, blotted, shuffled, mislabelled]


def written_files(tmp_path):
    """Write a small file of each hand-made kind; return them."""
    texts = {
        "a.qdp": UKSSDC,
        "chanmaster.tsv": CHANMASTER
        + "chandra\t1:2:3\t-7:43:06\t 6269\t5/9/2011 3:33:10\t1\tX\tC\ta\tA\tN\tGO\tB\t\n"
        * 30,
        "bat.txt": BAT_HEAD
        + "GRB200809B | 1 | 2 | N/A | 1 | 2 | 3 | 4 | 5 | 6 | 7 |\n" * 30,
    }
    for name, content in texts.items():
        (tmp_path / name).write_text(content)
    return [
        bat_lightcurve(tmp_path / "a.lc", np.ones(40), np.ones(40)),
        bat_lightcurve(tmp_path / "b.lc.gz", np.ones((20, 4)), np.ones((20, 4))),
        bat_rates(tmp_path / "c.lc", np.full((30, 4), 90, np.uint16)),
        events(tmp_path / "evt2.fits"),
        lightcurve(tmp_path / "lc.fits"),
        *(tmp_path / name for name in texts),
    ]


def survives(path, raw):
    path.write_bytes(raw)
    try:
        tables, _ = rows_of(path)
    except ArchiveError as error:
        assert path.name in str(error)  # noqa: PT017
        assert not isinstance(error, ReaderFault), error  # noqa: PT017
        return "refused"
    assert sum(len(table) for table in tables.values()) < 200_000
    return "read"


def test_damage_to_written_files_is_read_or_refused(tmp_path):
    dice = random.Random(20130427)
    verdicts = []
    for original in written_files(tmp_path):
        raw = original.read_bytes()
        for _ in range(CASES):
            damaged = dice.choice(MUTATIONS)(raw, dice)
            verdicts.append(survives(tmp_path / f"x{original.suffix}", damaged))

    assert len(verdicts) == 8 * CASES
    assert verdicts.count("refused") > len(verdicts) / 3


def smallest_of_each_kind(archive):
    """Return one file, under 400 kB, of each folder and ending."""
    kinds = {}
    for path in sorted(archive.rglob("*"), key=lambda p: (p.stat().st_size, p.name)):
        if path.is_file() and path.stat().st_size < 400_000 and path.parent != archive:
            kinds.setdefault(
                (path.parent.parent.name, path.parent.name, path.suffix), path
            )
    return list(kinds.values())


def test_damage_to_archive_files_is_read_or_refused(archive, tmp_path):
    dice = random.Random(20010101)
    kinds = smallest_of_each_kind(archive)
    count = 0
    for original in kinds:
        raw = original.read_bytes()
        if raw[:2] == b"\x1f\x8b" and dice.random() < 0.5:
            raw = gzip.decompress(raw)
        for _ in range(-(-520 // len(kinds))):
            damaged = dice.choice(MUTATIONS)(raw, dice)
            survives(tmp_path / f"{count}{original.suffix}", damaged)
            (tmp_path / f"{count}{original.suffix}").unlink()
            count += 1

    assert count >= 500


@pytest.mark.parametrize("name", ["a.lc", "a.qdp", "chanmaster.tsv", "evt2.fits"])
def test_what_swells_is_refused_within_bounds(tmp_path, name):
    written_files(tmp_path)
    raw = (tmp_path / name).read_bytes()
    path = tmp_path / f"bomb_{name}.gz"
    path.write_bytes(swollen(raw, random.Random(1)))
    tracemalloc.start()
    survives(path, path.read_bytes())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20 * MEGABYTE


def test_a_zip_and_an_empty_file_of_every_name_are_refused(tmp_path):
    for suffix in (".lc", ".fits", ".qdp", ".json", ".xml", ".csv", ".tsv.gz"):
        path = tmp_path / f"x{suffix}"
        assert survives(path, b"") == "refused"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a", "b" * 1000)
        assert survives(path, path.read_bytes()) == "refused"
