"""Text tables read a column at a time: the cells, refusals and times of reading row by row."""

import json
import random

import numpy as np
import polars as pl
import pytest
from archive_files import rows_of

from orbital_kernel.archives.formats import text, text_columns
from orbital_kernel.archives.formats.angle_columns import declinations, right_ascensions
from orbital_kernel.archives.formats.log_dates import AMERICAN, EUROPEAN, log_dates
from orbital_kernel.archives.rows import extra
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.times import tt_from_utc

TABLES = {
    "plain": b"a,b,c\n1,2,3\n\n4,5,6\n",
    "comments": b"# SIMULATED\na,b,c\n#x\n 1 ,N/A,nan\n  \n,null,--\n",
    "quotes": b'a,b,c\n"x, y",2,3\n5",in,"he said ""no"""\n',
    "encodings": "a,b,c\né,2,3\n".encode() + "ü,5,6\n".encode("latin-1"),
    "line ends": b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n4,5,6",
    "twice": b"a,a,c\n1,2,3\n",
    "escapes": b'a,b,c\n\\n,\x01,"q""q"\n\t,2,3\n',
}
BROKEN = {
    "cut": b"a,b,c\n1,2,3\n4,5\n",
    "long": b"a,b,c\n1,2,3\n4,5,6,7\n",
    "zero": b"a,b,c\n1,\0,3\n",
    "endless": b"a,b,c\n1,2," + b"3" * text.LINE_BYTES + b"\n",
}


def by_row(path, **options):
    return [
        (r.row, r.line, r.cells, {name: r.text(name) for name in r.cells})
        for r in text.records(path, ",", **options)
    ]


def by_column(path, **options):
    return [
        (*place, cells, stripped)
        for some in text_columns.columns(path, ",", **options)
        for place, cells, stripped in zip(
            zip(some.rows.tolist(), some.lines, strict=True),
            some.frame.rows(named=True),
            some.cells.rows(named=True),
            strict=True,
        )
    ]


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("name", TABLES)
def test_columns_hold_the_cells_of_the_rows(name, quoted, tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES[name])
    try:
        expected = by_row(path, quoted=quoted)
    except ArchiveError as error:
        with pytest.raises(ArchiveError, match=str(error)):
            by_column(path, quoted=quoted)
        return

    for size in (1 << 20, 8, 3):
        monkeypatch.setattr(text_columns, "BLOCK_BYTES", size)
        assert expected == by_column(path, quoted=quoted)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused_for_the_same_reason(name, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(BROKEN[name])
    with pytest.raises(ArchiveError) as by_rows:
        by_row(path)

    with pytest.raises(ArchiveError) as by_columns:
        by_column(path)

    assert str(by_rows.value) == str(by_columns.value)


def test_a_number_is_read_alike_and_another_word_is_named_by_its_line(tmp_path):
    words = [" 1", "-2.5e-3", "inf", "NaN", "n/a", "", "1_000", "0.1", "1e-320"]
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{word},\n" for word in words))
    (some,) = text_columns.columns(path, ",")
    expected = [record.real("x") for record in text.records(path, ",")]

    np.testing.assert_array_equal(expected, some.reals("x"))
    path.write_text("x\n1\n\ntwo\n")
    (some,) = text_columns.columns(path, ",")
    with pytest.raises(ArchiveError, match="line 4: x is 'two'"):
        some.reals("x")


def test_other_cells_are_the_same_json(tmp_path):
    chance = random.Random(5)
    letters = ["", "a", '"', "\\", "é", "\t", "\x1f", "{", ",", "n/a", " "]
    rows = [
        {name: "".join(chance.choices(letters, k=3)).strip() or None for name in "pqr"}
        for _ in range(300)
    ] + [dict.fromkeys("pqr")]
    frame = pl.DataFrame(rows, schema=dict.fromkeys("pqr", pl.String))

    assert [extra(row) for row in rows] == text_columns.extras(frame).to_list()
    full = frame.drop_nulls()
    assert (
        list(map(extra, full.rows(named=True))) == text_columns.extras(full).to_list()
    )


def test_angles_are_those_of_one_at_a_time():
    chance = random.Random(11)
    clocks = [
        f"{chance.randrange(24):02d}{mark}{chance.randrange(60):02d}{mark}"
        f"{chance.uniform(0, 59.9):.{digits}f}"
        for mark in (":", " ")
        for digits in (0, 2, 5)
        for _ in range(200)
    ]
    cells = [*clocks, "311.118", "20h44m28.5s", "12 30", "1e2", "-"]
    signed = [f"{chance.choice(['+', '-', ''])}{cell}" for cell in clocks]

    degrees = right_ascensions(pl.Series([*cells, None]))
    np.testing.assert_array_equal([*map(parse_ra, cells), np.nan], degrees)
    np.testing.assert_array_equal(
        [parse_dec(c) for c in signed], declinations(pl.Series(signed))
    )
    for wrong in ("12:60:00", "400", "north"):
        with pytest.raises(ValueError, match=wrong):
            right_ascensions(pl.Series(["1.5", wrong]))


@pytest.mark.parametrize(
    ("calendar", "cell", "iso", "day"),
    [
        (AMERICAN, "5/9/2011 3:33:10", "2011-05-09T03:33:10", False),
        (AMERICAN, "5/9/2011 3:33", "2011-05-09T03:33", False),
        (AMERICAN, "12/31/2016 23:59:60", "2016-12-31T23:59:60", False),
        (AMERICAN, "5/9/2011 01:00:00+02:00", "2011-05-08T23:00:00", False),
        (AMERICAN, "5/9/2011", "2011-05-09", True),
        (AMERICAN, "2016-12-31 23:59:60.5", "2016-12-31T23:59:60.5", False),
        (AMERICAN, "2011-05-09T03:33:10.25", "2011-05-09T03:33:10.25", False),
        (EUROPEAN, "9/5/2011", "2011-05-09", True),
        (EUROPEAN, "09/05/2011 23:59:59", "2011-05-09T23:59:59", False),
        (EUROPEAN, "31/12/2016 23:59:60", "2016-12-31T23:59:60", False),
        (EUROPEAN, "2011-05-09 24:00:00", "2011-05-10T00:00:00", False),
        (EUROPEAN, "2011-05-09", "2011-05-09", True),
        (EUROPEAN, "55690.5", "2011-05-09T12:00", False),
    ],
)
def test_a_date_of_a_log_is_an_instant_of_tt(calendar, cell, iso, day):
    tt, bare = log_dates(pl.Series([cell, None, "0"]), calendar, lines=[2, 3, 4])

    assert [*tt_from_utc([iso]), "NaT", "NaT"] == [
        tt[0],
        *np.datetime_as_string(tt[1:]),
    ]
    assert [day, False, False] == bare.tolist()


LEAP = "2016-12-31T23:59:60.5"
LEAPING = {
    "swiftmastr": (
        (
            "name,obsid,ra,dec,start_time,stop_time,xrt_exposure\n"
            "X,00060002000,10,20,2016-12-31 23:59:60.5,2017-01-01 00:10:00,600\n"
        ),
        "observations",
    ),
    "chanmaster": (
        (
            "obsid\tra\tdec\ttime\texposure\tstatus\tdetector\tgrating\n"
            "6269\t8:39:25.00\t-7:43:06\t2016-12-31 23:59:60.5\t1\tarchived\tACIS-S\tNONE\n"
        ),
        "observations",
    ),
    "grb table": (
        "GRB\tTime [UT]\tTrigger Number\n161231A\t23:59:60.5\t1234\n",
        "grbs",
    ),
    "BAT catalogue": (
        (
            "## GRBname | Trig_ID | Trig_time_met | Trig_time_UTC | RA_ground | DEC_ground | "
            "Image_position_err | Image_SNR | T90 | T90_err | T50\n"
            "GRB161231A | 730000 | 504921604.5 | 2016-12-31T23:59:60.5 | 10 | 20 | 1 | 9 | "
            "1 | 1 | 1\n"
        ),
        "grbs",
    ),
}


@pytest.mark.parametrize("name", LEAPING)
def test_a_leap_second_keeps_its_place_in_every_text_table(name, tmp_path):
    content, table = LEAPING[name]
    path = tmp_path / "table.txt"
    path.write_text(content)

    tables, _ = rows_of(path)

    assert tt_from_utc([LEAP]).tolist() == tables[table]["time"].to_numpy().tolist()


OFFSETS = {
    "swiftmastr": ("2016-12-31 23:59:60.5", "2017-01-01T01:59:60.5+02:00"),
    "chanmaster": ("2016-12-31 23:59:60.5", "2016-12-31 18:59:60.5-0500"),
    "BAT catalogue": (LEAP, "2017:001:01:59:60.5+02"),
}


@pytest.mark.parametrize("name", OFFSETS)
def test_an_offset_from_utc_counts_in_every_text_table(name, tmp_path):
    content, table = LEAPING[name]
    path = tmp_path / "table.txt"
    path.write_text(content.replace(*OFFSETS[name]))

    tables, _ = rows_of(path)

    assert tt_from_utc([LEAP]).tolist() == tables[table]["time"].to_numpy().tolist()


def test_an_account_of_many_blocks_is_that_of_one(tmp_path, monkeypatch):
    path = tmp_path / "chanmaster.tsv"
    row = "{}\t8:39:25.00\t-7:43:06\t5/9/2011 3:33:10\t1\tarchived\tACIS-S\tNONE\tx\n"
    placeless = "{}\t\t\t5/9/2011\t1\tunobserved\tACIS-S\tNONE\tx\n"
    path.write_text(
        "obsid\tra\tdec\ttime\texposure\tstatus\tdetector\tgrating\ttype\n"
        + "".join((placeless if n % 3 else row).format(n) for n in range(1, 61))
    )
    monkeypatch.setattr(text_columns, "BLOCK_BYTES", 200)

    tables, account = rows_of(path)
    rows = tables["observations"]

    assert ["40 rows without a position"] == account.understood
    assert list(range(60)) == rows["file_row"].to_pylist()
    assert {"type": "x", "planned": "5/9/2011"} == json.loads(rows["extra"][0].as_py())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("a b", True), ("é", True), ("a\\b", False), ('"a, b"', False), ("a\x1fb", False)],
)
def test_text_is_plain_if_json_escapes_none_of_it(tmp_path, cell, expected):
    path = tmp_path / "table.csv"
    path.write_text(f"x,y\n{cell},1\n")

    (some,) = text_columns.columns(path, ",")

    assert expected == some.is_plain
    document = text_columns.extras(some.cells, is_plain=some.is_plain)
    assert [extra(row) for row in some.cells.rows(named=True)] == document.to_list()
