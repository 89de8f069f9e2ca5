"""FITS structure: what is damage, what is habit, and how much memory a file may cost."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest
from archive_files import bat_lightcurve, rows_of, table, write
from astropy.io import fits as afits

from orbital_kernel.archives.formats import fits
from orbital_kernel.archives.reading import Account, open_source
from orbital_kernel.errors import ArchiveError

BINS = 300


@pytest.fixture
def lightcurve(tmp_path):
    return bat_lightcurve(tmp_path / "a.lc", np.ones(BINS), np.ones(BINS))


def damage(path, offset, data):
    raw = bytearray(path.read_bytes())
    raw[offset : offset + len(data)] = data
    path.write_bytes(raw)
    return path


def data_start(path, name):
    with afits.open(path) as file:
        return file[name].fileinfo()["datLoc"]


def test_a_cut_file_is_refused_and_says_where_it_ends(lightcurve):
    raw = lightcurve.read_bytes()
    lightcurve.write_bytes(raw[: data_start(lightcurve, "RATE") + 100])

    with pytest.raises(ArchiveError, match="cut short: 100 of") as caught:
        rows_of(lightcurve)
    assert caught.value.offset == data_start_of(raw) + 100


def data_start_of(raw):
    at = raw.index(b"XTENSION")
    end = raw.index(b"END" + b" " * 77, at)
    return -(-(end + 80) // 2880) * 2880


def test_one_flipped_bit_of_data_is_found_by_its_checksum(lightcurve):
    damage(lightcurve, data_start(lightcurve, "RATE") + 17, b"\x11")

    with pytest.raises(ArchiveError, match="DATASUM of RATE does not fit"):
        rows_of(lightcurve)


def test_an_edited_header_is_a_remark_not_a_refusal(lightcurve):
    raw = lightcurve.read_bytes()
    lightcurve.write_bytes(raw.replace(b"'GRB130427a'", b"'GRB130427b'", 1))

    tables, account = rows_of(lightcurve)

    assert tables["rates"]["object"].to_pylist()[0] == "GRB130427b"
    assert account.understood[0] == "header of RATE edited after its CHECKSUM"


def test_a_blank_datasum_is_not_a_checksum(lightcurve):
    """Chandra's archive writes DATASUM = '' in primary headers."""
    blank = re.search(rb"DATASUM = '\d+ *'", lightcurve.read_bytes())[0]
    raw = lightcurve.read_bytes()
    lightcurve.write_bytes(raw.replace(blank, b"DATASUM = ''".ljust(len(blank))))

    assert len(rows_of(lightcurve)[0]["rates"]) == BINS


def test_sums_stale_in_every_table_are_a_tools_habit(lightcurve):
    raw = re.sub(rb"(DATASUM = ')\d", rb"\g<1>7", lightcurve.read_bytes())
    lightcurve.write_bytes(raw)

    assert "stale" in rows_of(lightcurve)[1].understood[0]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (b"NAXIS2  =                   -1", "is not a count"),
        (b"NAXIS1  =                   31", "NAXIS1 says"),
        (b"NAXIS2  =         999999999999", "cut short"),
    ],
)
def test_impossible_headers_are_refused(lightcurve, card, words):
    raw = lightcurve.read_bytes()
    at = raw.index(card[:8], raw.index(b"XTENSION"))

    with pytest.raises(ArchiveError, match=words):
        rows_of(damage(lightcurve, at, card))


def test_nulls_scales_and_text_of_columns_are_applied(tmp_path):
    columns = [
        afits.Column("N", "I", array=np.array([1, -1, 3]), null=-1),
        afits.Column("S", "I", array=np.array([1, 2, 3])),
        afits.Column("T", "6A", array=np.array(["a ", "", "bc"])),
        afits.Column("B", "11X", array=np.eye(3, 11, dtype=bool)),
    ]
    path = write(tmp_path / "x.fits.gz", table("X", columns, keywords={"TSCAL2": 0.5}))
    file = fits.open_fits(open_source(path), Account(""))
    (block,) = file.blocks(file.hdus[1])

    assert np.array_equal(block.reals("n"), [1.0, np.nan, 3.0], equal_nan=True)
    assert block.integers("N").tolist() == [1, None, 3]
    assert block.reals("S").tolist() == [0.5, 1.0, 1.5]
    assert block.texts("T") == ["a", None, "bc"]
    assert block.bits("B").tolist() == [2**15, 2**14, 2**13]


def test_a_missing_column_is_named(lightcurve):
    file = fits.open_fits(open_source(lightcurve), Account(""))

    with pytest.raises(ArchiveError, match="RATE has no column PHASE; it has TIME"):
        file.hdus[1].field("PHASE")


@pytest.mark.parametrize("name", ["big.lc", "big.lc.gz"])
def test_a_long_file_costs_the_memory_of_a_batch(tmp_path, name):
    bins = 600_000
    path = bat_lightcurve(tmp_path / name, np.arange(bins) % 97.0, np.ones(bins))
    rows_of(bat_lightcurve(tmp_path / "small.lc", np.ones(2), np.ones(2)))
    tracemalloc.start()
    source = open_source(path)
    table = fits.open_fits(source, Account(""))
    count = sum(len(block) for block in table.blocks(table.hdus[1]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == bins
    assert path.suffix == ".gz" or path.stat().st_size > 19e6
    assert peak < 12e6


def test_a_gzip_bomb_is_refused_early(tmp_path):
    path = tmp_path / "bomb.lc.gz"
    raw = bat_lightcurve(tmp_path / "a.lc", np.ones(2), np.ones(2)).read_bytes()
    head = raw[: data_start_of(raw)].replace(
        b"NAXIS2  =                    2", b"NAXIS2  =              9000000"
    )
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(80):
            file.write(bytes(1 << 20))

    with pytest.raises(ArchiveError, match="unpacks to more than"):
        rows_of(path)


def test_a_cut_gzip_is_refused(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc.gz", np.ones(BINS), np.ones(BINS))
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(
        ArchiveError, match=r"a\.lc\.gz: the gzip data is cut or damaged"
    ):
        rows_of(path)
