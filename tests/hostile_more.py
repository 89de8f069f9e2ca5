"""More files of strangers: bombs in sizes and headers, nothing but NaN, twice the same."""

import base64
import gzip
import io
import struct

import numpy as np
from astropy.io import fits
from hostile_files import BLOCK, PRIMARY, bintable, cards, zipped
from hostile_server import FIELD, HEAD, rows, table

BIDI = "\u202egpj"
HUGE = 1 << 40


def image(*axes, bitpix=8):
    """Return the header of an image whose axes are these texts, and no data."""
    return PRIMARY + cards(
        "XTENSION= 'IMAGE   '", f"BITPIX  = {bitpix:>20}", f"NAXIS   = {len(axes):>20}",
        *(f"NAXIS{n:<3}= {axis:>20}" for n, axis in enumerate(axes, 1)),
        "PCOUNT  =                    0", "GCOUNT  =                    1", "END",
    )  # fmt: skip


def curve(header=(), names=("TIME", "RATE", "ERROR"), **columns):
    """Return a light curve of XRT with these columns instead of its own."""
    values = {
        "TIME": np.arange(9.0),
        "RATE": np.ones(9),
        "ERROR": np.ones(9),
        **columns,
    }
    arrays = list(values.values())
    sink = io.BytesIO()
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column(f"C{n}", "D", array=a) for n, a in enumerate(arrays)], name="RATE"
    )
    hdu.header.update(
        {
            "TELESCOP": "SWIFT",
            "INSTRUME": "XRT",
            "TIMEDEL": 1.0,
            "UTCFINIT": -10.0,
            "MJDREFI": 51910,
            "OBJECT": "GRB 130427A",
            "OBS_ID": "00554620000",
            **dict(header),
        }
    )
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(sink)
    content = sink.getvalue()
    for n, name in enumerate(names):
        content = content.replace(
            f"'C{n}      '".encode(), f"'{name:<8}'".encode("latin-1", "replace"), 1
        )
    return content


def replaced(content, old, new):
    """Return FITS bytes with one card changed."""
    at = content.index(old)
    return content[:at] + new.ljust(80)[:80] + content[at + 80 :]


NAN = np.full(9, np.nan)
GCN = '{"$schema": "https://gcn.nasa.gov/schema/v4/gcn/notices/swift/bat/guano.schema.json"'
MORE = {
    "naxis999.fits": (PRIMARY + bintable(8, 1, "D").replace(b"NAXIS   =                    2", b"NAXIS   =                  999"), "NAXIS3 = None is not a count"),
    "naxisless.fits": (image().replace(b"NAXIS   =                    0", b"NAXIS   =                   -1"), "NAXIS = -1 is not a count"),
    "naxisbomb.fits": (image(HUGE, HUGE), "cut short"),
    "naxisfloat.fits": (image("1.5E9", 2), "NAXIS1 = 1500000000.0 is not a count"),
    "naxistext.fits": (image("'many'", 2), "NAXIS1 = 'many' is not a count"),
    "naxisdigits.fits": (image("9" * 60, 2), "is not a count"),
    "heap.fits": (PRIMARY + bintable(8, 1, "D").replace(b"PCOUNT  =                    0", b"PCOUNT  =      999999999999999"), "PCOUNT = 999999999999999 is not a count"),
    "pointer.fits": (PRIMARY + bintable(8, 1, "1PD(9)") + struct.pack(">ii", 1 << 30, 1 << 30).ljust(BLOCK, b"\0"), "a FITS table of no known kind"),
    "groups.fits": (PRIMARY + bintable(8, 1, "D").replace(b"GCOUNT  =                    1", b"GCOUNT  =                   -9"), "GCOUNT = -9 is not a count"),
    "shape.fits": (PRIMARY + bintable(8, 1, "D", more=("TDIM1   = '(99999,99999)'",)) + bytes(BLOCK), "a FITS table of no known kind"),
    "cards.fits": (cards(PRIMARY[:80].decode(), *(f"HIERARCH A{n} = {n}" for n in range(99_000)), "END"), "a header without END"),
    "continue.fits": (cards("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "LONG    = 'a&'", *("CONTINUE  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&'" for _ in range(30_000)), "END"), "headers alone"),
    "bitpix.fits": (image(4, 5, bitpix=7) + bytes(BLOCK), "an image"),
    "twice.fits": (curve(names=("TIME", "RATE", "RATE")), "columns TIME, RATE, RATE#3"),
    "nantime.lc": (curve(TIME=NAN), "none of its 9 rows of swift.photometry has a time"),
    "nanrate.lc": (curve(RATE=NAN, ERROR=NAN), "none of its 9 rows of swift.photometry has a value"),
    "infinite.lc": (curve(TIME=np.full(9, np.inf)), "a clock value of inf s is not a possible time"),
    "nanstep.lc": (replaced(curve(), b"TIMEDEL ", b"TIMEDEL = NAN"), "Unparsable card .TIMEDEL"),
    "hugestep.lc": (replaced(curve(), b"TIMEDEL ", b"TIMEDEL = 1E400"), "TIMEDEL = inf is not a bin width"),
    "escape.lc": (replaced(curve(RATE=NAN), b"TELESCOP", b"TELESCOP= '\x1b[2J\x1b]0;x\x07'"), "Unparsable card .TELESCOP"),
    "members.gz": (gzip.compress(b"") * 200_000, "holds nothing"),
    "zip.gz": (gzip.compress(zipped()), "a zip archive"),
    "twice.vot": (table(rows(), FIELD * 2), "columns a, a"),
    "utf16.vot": (table(rows()).encode("utf-16"), "of no known format"),
    "base64.vot": (table('<DATA><BINARY><STREAM encoding="base64">' + "A" * (5 << 20) + "</STREAM></BINARY></DATA>"), "a VOTable of no known kind"),
    "array.vot": (table(f'<DATA><BINARY><STREAM encoding="base64">{base64.b64encode(struct.pack(">i", 2**31 - 1)).decode()}</STREAM></BINARY></DATA>', '<FIELD name="a" datatype="double" arraysize="*"/>'), "a VOTable of no known kind"),
    "attributes.vot": (HEAD + "<RESOURCE " + " ".join(f'a{n}="1"' for n in range(300_000)) + ">", "XML is cut or damaged"),
    "parameter.xml": ('<!DOCTYPE V [<!ENTITY % a "<!ENTITY b \'x\'>"> %a;]><VOEvent>&b;</VOEvent>', "EntitiesForbidden"),
    "twice.json": (GCN + ', "ra": 1, "ra": 2}', "it has 2 values of 'ra'"),
    "infinite.json": (GCN + ', "ra": Infinity, "dec": 1e999, "alert_datetime": NaN}', "Infinity is not a number in JSON"),
    "objects.json": ('{"a":' * 200_000, "JSON of no known kind"),
    "surrogate.json": (GCN + r', "event_name": ["\ud800"], "trigger_time": "\u202e"}', "is not a date and time"),
    "columns.csv": (",".join(f"c{n}" for n in range(100_000)) + "\n", "of no known format"),
    "nan.qdp": ("READ SERR 1 2\n" + "NaN NaN NaN NaN\n" * 99, "names no instrument"),
    "tie.txt": ("time rate rate\n" + "nan nan nan\n" * 99, "of no known format"),
    "large.json": (GCN + ', "ra": 1e999}', "1e999 is larger than any number"),
    f"{BIDI}.lc": (b"\x7fELF" + bytes(99), "rename it"),
    "\u200b\u2066.lc": (bytes(99), "rename it"),
}  # fmt: skip
