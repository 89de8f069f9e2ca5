"""Damaged files of every kind: refused in words or read, never a crash or a half."""

import gzip
import random
import resource
import time
from pathlib import Path

import pytest
from test_archives_gcn_text import BAT
from test_archives_monitor import days
from test_archives_xselect import curve

from orbital_kernel.archives import detect, readers
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.items import End, Refusal, Rows, Task
from orbital_kernel.ingest.parsing import parse

SEED = 20260101
SMALL = 60_000
CASE_SECONDS = 20.0
GROWTH_BYTES = 400 << 20
ZEROS = gzip.compress(bytes(16 << 20), 6)
"""16 MB of zeros in 16 kB; twelve of them are a bomb of 200 MB."""


def kinds(folder: Path) -> dict[str, Path]:
    """Return the smallest file of each format in a folder."""
    smallest: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            name = detect(path).name
        except ArchiveError:
            continue
        if name not in smallest or path.stat().st_size < smallest[name].stat().st_size:
            smallest[name] = path
    return smallest


def shortened(path: Path) -> bytes:
    """Return a file's content; of long text its first lines."""
    content = path.read_bytes()
    if len(content) <= SMALL or content.startswith((b"SIMPLE", b"\x1f\x8b", b"{")):
        return content
    return content[:SMALL].rpartition(b"\n")[0] + b"\n"


def truncated(content, chance, _others):
    return content[: chance.randrange(1, len(content))]


def flipped(content, chance, _others):
    bits = bytearray(content)
    for _ in range(chance.choice((1, 3, 30, 300))):
        bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
    return bytes(bits)


def head_flipped(content, chance, _others):
    head = min(len(content), 6000)
    return flipped(content[:head], chance, _others) + content[head:]


def hole(content, chance, _others):
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 5000) :]


def doubled(content, chance, _others):
    start = chance.randrange(len(content))
    return content[:start] + content[start // 2 :]


def garbage(content, chance, _others):
    start = chance.randrange(len(content))
    junk = chance.randbytes(chance.randrange(1, 3000))
    return content[:start] + junk + content[start + len(junk) :]


def crossed(content, chance, others):
    other = chance.choice(others)
    return content[: chance.randrange(len(content))] + other[len(other) // 2 :]


def mislabelled(_content, chance, others):
    return chance.choice(others)


def packed_and_cut(content, chance, _others):
    packed = gzip.compress(content)
    return packed[: chance.randrange(1, len(packed))]


def packed_and_flipped(content, chance, others):
    return flipped(gzip.compress(content), chance, others)


def bomb(content, _chance, _others):
    return gzip.compress(content) + 12 * ZEROS


def empty(_content, _chance, _others):
    return b""


def packed_nothing(_content, _chance, _others):
    return gzip.compress(b"")


DAMAGES = {
    truncated: 9,
    flipped: 9,
    head_flipped: 6,
    hole: 4,
    doubled: 3,
    garbage: 4,
    crossed: 3,
    mislabelled: 3,
    packed_and_cut: 3,
    packed_and_flipped: 2,
    bomb: 1,
    empty: 1,
    packed_nothing: 1,
}


def cases(files: dict[str, Path], *, share: float = 1.0):
    """Yield name and content of each case: every kind with every damage, seeded."""
    chance = random.Random(SEED)
    contents = {name: shortened(path) for name, path in files.items()}
    for name, content in contents.items():
        others = [c for other, c in contents.items() if other != name] or [content]
        ending = "".join(files[name].suffixes[-2:])
        for damage, times in DAMAGES.items():
            for number in range(max(1, round(times * share))):
                case = f"{name}-{damage.__name__}-{number}{ending}"
                yield case, damage(content, chance, others)


def outcome_of(path: Path) -> tuple[int, End | Refusal]:
    """Read a file to its end; return its rows and how it ended."""
    rows, items = 0, list(parse(path, Task()))
    assert not [i for i in items[:-1] if not isinstance(i, Rows)]
    rows = sum(len(item.data) for item in items[:-1])
    return rows, items[-1]


def check_all(files: dict[str, Path], box: Path, share: float) -> dict[str, int]:
    """Read every case within its time and memory; return how they ended."""
    ended = {"read": 0, "refused": 0}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for name, content in cases(files, share=share):
        path = box / name
        path.write_bytes(content)
        start = time.monotonic()
        _, outcome = outcome_of(path)
        assert time.monotonic() - start < CASE_SECONDS, name
        if isinstance(outcome, Refusal):
            assert outcome.reason, name
        ended["refused" if isinstance(outcome, Refusal) else "read"] += 1
        path.unlink()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    assert grown < GROWTH_BYTES
    return ended


def test_damaged_files_of_every_sample_kind_are_refused_or_read_whole(sample, tmp_path):
    ended = check_all(kinds(sample.archive), tmp_path, 1.0)

    assert 500 <= sum(ended.values())
    assert ended["refused"] > sum(ended.values()) / 3


def test_damaged_files_of_every_real_kind_are_refused_or_read_whole(archive, tmp_path):
    files = kinds(archive)
    files["swift-xrt-lightcurve"] = curve(tmp_path / "sw00035014061xpc.lc")
    files["swift-bat-monitor"] = days(tmp_path / "CenX-3.lc.fits")
    files["gcn-text"] = tmp_path / "notice.txt"
    files["gcn-text"].write_text(BAT)
    assert {reader.name for reader in readers()} == set(files)

    ended = check_all(files, tmp_path, 0.2)

    assert ended["refused"] > sum(ended.values()) / 3


@pytest.mark.parametrize("damage", [empty, packed_nothing, packed_and_cut])
def test_such_damage_is_always_refused(sample, tmp_path, damage):
    read = []
    for name, path in kinds(sample.archive).items():
        case = tmp_path / f"{name}{''.join(path.suffixes[-2:])}"
        content = shortened(path)
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        case.write_bytes(damage(content, random.Random(SEED), [content]))
        if isinstance(outcome_of(case)[1], End):
            read.append(name)

    assert [] == read


def test_a_bomb_is_refused_or_gives_the_rows_before_it(sample, tmp_path):
    for name, path in kinds(sample.archive).items():
        content = shortened(path)
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        intact = tmp_path / f"{name}-intact"
        intact.write_bytes(content)
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(bomb(content, None, None))

        rows, outcome = outcome_of(packed)

        if isinstance(outcome, End):
            assert outcome_of(intact)[0] == rows
        else:
            assert outcome.reason
