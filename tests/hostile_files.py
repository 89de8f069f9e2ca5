"""Files that a stranger could send, each with the words that its refusal must have."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import socket
import tarfile
import zipfile

import numpy as np
from astropy.io import fits
from hostile_server import END, FIELD, HEAD, rows, stream, table

BLOCK = 2880
ZEROS = gzip.compress(bytes(16 << 20), 6)
SECRET = "file:///etc/passwd"


def tar(mode="", form=tarfile.USTAR_FORMAT):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=f"w:{mode}", format=form) as packed:
        member = tarfile.TarInfo("../../etc/cron.d/x")
        member.size = 5
        packed.addfile(member, io.BytesIO(b"hello"))
    return sink.getvalue()


def tar_of_old():
    """Return a tar archive of the seventh edition, without a mark: its sum alone shows."""
    block = bytearray(tar()[:512])
    block[257:512] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


def zipped():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.lc", bytes(1 << 20))
    return sink.getvalue()


def cards(*lines):
    text = b"".join(line.encode("latin-1").ljust(80)[:80] for line in lines)
    return text + b" " * (-len(text) % BLOCK)


PRIMARY = cards(
    "SIMPLE  =                    T", "BITPIX  =                    8",
    "NAXIS   =                    0", "EXTEND  =                    T", "END",
)  # fmt: skip


def bintable(width, count, *columns, fields=None, more=()):
    return cards(
        "XTENSION= 'BINTABLE'", "BITPIX  =                    8",
        "NAXIS   =                    2", f"NAXIS1  = {width:>20}",
        f"NAXIS2  = {count:>20}", "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        f"TFIELDS = {len(columns) if fields is None else fields:>20}",
        *(f"TFORM{n:<3}= '{form}'" for n, form in enumerate(columns, 1)), *more, "END",
    )  # fmt: skip


def product(extension, header=(), image=False, **columns):
    sink = io.BytesIO()
    content = {name: np.zeros(2, "f4") for name in (columns or {"A": 1})}
    hdu = (
        fits.ImageHDU(np.zeros((4, 5), "f4"), name=extension)
        if image
        else fits.BinTableHDU.from_columns(
            [fits.Column(n, "E", array=v) for n, v in content.items()], name=extension
        )
    )
    hdu.header.update(dict(header))
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(sink)
    return sink.getvalue()


def events(mission, instrument):
    header = {"TELESCOP": mission, "INSTRUME": instrument, "HDUCLAS1": "EVENTS"}
    return product("EVENTS", header, TIME=1, PI=1)


def stale():
    sink = io.BytesIO()
    curve = fits.BinTableHDU.from_columns(
        [fits.Column(n, "E", array=np.ones(9)) for n in ("TIME", "RATE", "ERROR")],
        name="RATE",
    )
    curve.header.update(TELESCOP="SWIFT", INSTRUME="XRT", TIMEDEL=1.0, UTCFINIT=-10.0)
    fits.HDUList([fits.PrimaryHDU(), curve]).writeto(sink, checksum=True)
    content = bytearray(sink.getvalue())
    content[-2800] ^= 1
    return bytes(content)


def packed_image():
    sink = io.BytesIO()
    fits.HDUList(
        [fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((64, 64), "i2"))]
    ).writeto(sink)
    return sink.getvalue()


def ascii_table():
    sink = io.BytesIO()
    column = fits.Column("A", "F10.3", array=np.ones(2), ascii=True)
    fits.HDUList([fits.PrimaryHDU(), fits.TableHDU.from_columns([column])]).writeto(
        sink
    )
    return sink.getvalue()


CONTENT = {
    "empty.lc": (b"", "empty"),
    "empty.gz": (gzip.compress(b""), "holds nothing"),
    "zeros.bin": (bytes(5000), "of no known format"),
    "noise.bin": (bytes(range(256)) * 99, "of no known format"),
    "bomb.gz": (ZEROS * 12, "unpacks to more than|of no known format"),
    "bombfits.gz": (
        gzip.compress(PRIMARY + bintable(8, 10**12, "D")) + ZEROS * 12,
        "unpacks to more than|cut short",
    ),
    "cut.gz": (gzip.compress(b"x" * 9999)[:-9], "gzip data is cut or damaged"),
    "crc.gz": (gzip.compress(b"x")[:-8] + bytes(8), "gzip data is cut or damaged"),
    "name.gz": (
        b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (1 << 20), "names a file in more than"
    ),
    "twice.gz": (gzip.compress(gzip.compress(b"x")), "gzip within gzip"),
    "a.tar": (tar(), "a tar archive: unpack it first"),
    "old.tar": (tar_of_old(), "a tar archive"),
    "pax.tar": (tar(form=tarfile.PAX_FORMAT), "a tar archive"),
    "a.tar.gz": (tar("gz"), "a tar archive"),
    "a.tar.bz2": (tar("bz2"), "a tar archive, bzip2-compressed"),
    "a.tar.xz": (tar("xz"), "a tar archive, xz-compressed"),
    "a.zip": (zipped(), "a zip archive: unpack it first"),
    "none.zip": (b"PK\x05\x06" + bytes(18), "a zip archive with nothing"),
    "a.bz2": (bz2.compress(bytes(1 << 24)), "bzip2-compressed: unpack it first"),
    "a.xz": (lzma.compress(bytes(1 << 24)), "xz-compressed: unpack it first"),
    "a.lzma": (lzma.compress(b"x" * 99, lzma.FORMAT_ALONE), "lzma-compressed"),
    "a.Z": (b"\x1f\x9d\x90" + bytes(99), "compressed .* unpack it first"),
    "a.zst": (b"\x28\xb5\x2f\xfd" + bytes(99), "zstd-compressed"),
    "a.lz4": (b"\x04\x22\x4d\x18" + bytes(99), "lz4-compressed"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7z archive"),
    "a.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), "a rar archive"),
    "a.deb": (b"!<arch>\ndebian-binary", "an ar archive"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5"),
    "a.nc": (b"CDF\x01" + bytes(99), "netCDF"),
    "a.parquet": (b"PAR1" + bytes(99), "Parquet"),
    "a.sqlite": (b"SQLite format 3\x00" + bytes(99), "SQLite"),
    "a.npy": (b"\x93NUMPY\x01\x00" + bytes(99), "numpy"),
    "a.pkl": (b"\x80\x04\x95" + bytes(8) + b"cos\nsystem\n", "pickle.*never opens"),
    "a.pdf": (b"%PDF-1.7", "document"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "PNG image"),
    "a.elf": (b"\x7fELF" + bytes(99), "a program"),
    "endless.fits": (PRIMARY[:320] + b" " * (BLOCK * 2100 - 320), "without END"),
    "short.fits": (b"SIMPLE  =                    T", "ends inside a header"),
    "letters.fits": (PRIMARY.replace(b"EXTEND", b"EXT\xc4ND"), "damaged header"),
    "negative.fits": (PRIMARY + bintable(-8, 1, "D"), "not a count"),
    "long.fits": (PRIMARY + bintable(8, 10**12, "D"), "cut short"),
    "wide.fits": (
        PRIMARY + bintable(8 * 10**9, 1, "1000000000D"), "over 16,777,216 cells in a row"
    ),
    "fields.fits": (PRIMARY + bintable(8, 1, "D", fields=10**9), "TFIELDS"),
    "form.fits": (PRIMARY + bintable(8, 1, "?"), "is not a format"),
    "many.fits": (PRIMARY + bintable(8, 0, "D") * 600, "more than 500 HDUs"),
    "tail.fits": (PRIMARY + b"#!/bin/sh".ljust(BLOCK), "bytes that are not a FITS"),
    "stale.fits": (stale(), "rewritten by a tool .* --accept-checksums"),
    "none.fits": (PRIMARY, "headers alone"),
    "ascii.fits": (ascii_table(), "in ASCII: needs a mapping"),
    "image.fits": (product("SKY", image=True), r"an image \(5 x 4\)"),
    "packed.fits": (packed_image(), r"an image \(64 x 64\)"),
    "sw1xpcw3po_ex.img": (product("x", image=True), "an exposure map"),
    "expmap.fits": (product("x", {"CONTENT": "EXPMAP"}, image=True), "an exposure map"),
    "a.pha": (product("SPECTRUM", {"HDUCLAS1": "SPECTRUM"}, CHANNEL=1), "a spectrum"),
    "a.rmf": (product("MATRIX", {"HDUCLAS1": "RESPONSE"}), r"a response \(RMF or ARF\)"),
    "a.arf": (product("SPECRESP", {"HDUCLAS1": "RESPONSE"}), r"a response \(RMF or ARF\)"),
    "teldef.fits": (product("x", {"CCNM0001": "TELDEF"}, image=True), "teldef"),
    "caldb.fits": (product("x", {"CCLS0001": "CPF", "CCNM0001": "VIGNET"}), "CALDB"),
    "bat.evt": (events("SWIFT", "BAT"), "event list of SWIFT BAT"),
    "uvot.evt": (events("SWIFT", "UVOTA"), "event list of SWIFT UVOTA"),
    "nustar.evt": (events("NuSTAR", "FPMA"), "event list of NuSTAR FPMA"),
    "nicer.evt": (events("NICER", "XTI"), "event list of NICER XTI"),
    "xmm.evt": (events("XMM", "EPN"), "event list of XMM EPN"),
    "gti.fits": (product("GTI", START=1, STOP=1), "good time intervals alone"),
    "attitude.fits": (product("ATTITUDE"), "spacecraft attitude"),
    "region.fits": (product("REGION"), "a region"),
    "href.vot": (stream(f'href="{SECRET}"'), "data are elsewhere"),
    "hrefweb.vot": (stream('href="http://127.0.0.1:9/x"'), "data are elsewhere"),
    "fits.vot": (table("<DATA><FITS extnum='1'/></DATA>"), "around a FITS file"),
    "entity.vot": (
        f'<!DOCTYPE V [<!ENTITY x SYSTEM "{SECRET}">]>{table(rows())}', "document type"
    ),
    "laughs.vot": (
        f'<!DOCTYPE V [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>{table(rows("&b;"))}',
        "document type",
    ),
    "dtd.vot": (f'<!DOCTYPE VOTABLE SYSTEM "{SECRET}">{table(rows())}', "document type"),
    "deep.vot": (HEAD + "<GROUP>" * 200_000, "nested deeper"),
    "nrows.vot": (table(rows(), attributes=f' nrows="{10**13}"'), "claims"),
    "wide.vot": (
        table(rows(), '<FIELD name="a" datatype="double" arraysize="99999x99999"/>'),
        "claims .* refused",
    ),
    "fields.vot": (table(rows(), FIELD * 9000), "more than 4,096 columns"),
    "cut.vot": (table(rows())[:-40], "XML is cut or damaged"),
    "plain.vot": (table(rows()), "a VOTable of no known kind .*: needs a mapping"),
    "none.vot": (f"{HEAD}<RESOURCE>{END}", "a VOTable without a table"),
    "error.vot": (
        f'{HEAD}<RESOURCE><INFO name="QUERY_STATUS" value="ERROR">no table</INFO>{END}',
        "a service's error.*no table",
    ),
    "laughs.xml": (
        '<!DOCTYPE V [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><VOEvent>&b;</VOEvent>',
        "Entit",
    ),
    "entity.xml": (
        f'<!DOCTYPE V [<!ENTITY x SYSTEM "{SECRET}">]><VOEvent>&x;</VOEvent>', "Entit"
    ),
    "long.xml": ("<VOEvent>" + "<a/>" * (2 << 20), "more than 4,194,304 bytes"),
    "deep.xml": ("<VOEvent>" + "<a>" * (1 << 20), "damaged|not a voevent"),
    "page.xml": ("<!DOCTYPE html><html>503</html>", "an HTML page"),
    "a.svg": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "not a VOEvent"),
    "deep.json": ('{"$schema": "https://gcn.nasa.gov/x", "a": ' + "[" * 300_000, "JSON|damaged"),
    "deep2.json": ("[" * 300_000, "JSON of no known kind"),
    "digits.json": ('{"name": ' + "9" * 300_000 + "}", "JSON of no known kind"),
    "line.txt": ("1 " * (1 << 20), "line longer|needs a mapping|no known"),
    "letter.txt": ("Dear colleague,\nplease run this\n", "of no known format"),
    "classic.txt": (
        "TITLE:  GCN\nNOTICE_DATE:  Sat\nNOTICE_TYPE:  Swift-BAT GRB Position\n",
        "GCN Classic notice|read as",
    ),
    "circular.txt": (
        "NUMBER:  1\nSUBJECT: GRB\nDATE: x\nFROM:  me <me@example.org>\nwe saw 1 2\n",
        "a GCN Circular",
    ),
    "ds9.reg": ("# Region file format: DS9 version 4.1\nfk5\ncircle(1,2,3)\n", "region file"),
    "[red]markup.bin": (bytes(9), "of no known format"),
}  # fmt: skip


def write(folder):
    """Write these files, and those that no content makes; return the words by name."""
    words = {}
    for name, (content, expected) in CONTENT.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
        words[name] = expected
    return words | _irregular(folder)


def _irregular(folder):
    inside = folder / "folder"
    inside.mkdir()
    os.mkfifo(inside / "pipe.lc")
    (folder / "link_to_pipe.lc").symlink_to(inside / "pipe.lc")
    (folder / "zero.lc").symlink_to("/dev/zero")
    (folder / "random.lc").symlink_to("/dev/urandom")
    (folder / "loop.lc").symlink_to(folder / "loop.lc")
    (folder / "nowhere.lc").symlink_to(folder / "no such file")
    (folder / "everything").symlink_to("/", target_is_directory=True)
    (folder / "memory.lc").symlink_to("/proc/self/mem")
    (folder / "growing.lc").symlink_to("/proc/cpuinfo")
    with (folder / "holes.lc").open("wb") as file:
        file.truncate(1 << 40)
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.chdir(folder):  # the path of a socket is short
        listener.bind("socket.lc")
    listener.close()
    for name in (b"caf\xe9.lc", b"line\nbreak.lc", b"\x1b[2Jclear.lc"):
        (folder / os.fsdecode(name)).write_bytes(b"x")
    return {
        "folder/pipe.lc": "a named pipe",
        "link_to_pipe.lc": "a named pipe",
        "zero.lc": "a device",
        "random.lc": "a device",
        "loop.lc": "cannot be opened",
        "nowhere.lc": "cannot be opened",
        "everything": "a link to a folder",
        "memory.lc": "cannot be opened",
        "growing.lc": "grows while it is read",
        "holes.lc": "a file of holes",
        "socket.lc": "a socket",
        "caf\\xe9.lc": "rename it",
        "line\\nbreak.lc": "rename it",
        "\\x1b[2Jclear.lc": "rename it",
    }
