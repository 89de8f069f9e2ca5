"""FITS products that Orbital has no table for, by their headers, and what to do instead.

Sources: HDUCLASS conventions (heasarc.gsfc.nasa.gov/docs/heasarc/ofwg, OGIP/92-007 spectra,
CAL/GEN/92-002 responses, OGIP/93-003 light curves), CALDB keywords CCLS/CCNM
(CAL/GEN/92-011).
"""

from orbital_kernel.archives.formats import fits
from orbital_kernel.archives.formats.fits import Hdu

KEPT_EVENTS = "Orbital keeps events of Chandra and Swift-XRT"
NEEDED = {"CHANDRA": ("TIME",), "XRT": ("TIME", "X", "Y")}
"""Columns without which no reader takes an event list of a kept mission."""
BINNED = "bin them to a light curve with the mission's own tools and ingest that"
PROCESSING = (
    "an input of data processing: ingest the light curves and lists it helps make"
)
BY_CLASS = {
    "SPECTRUM": "a spectrum (PHA): Orbital keeps no spectra; ingest the flux of its fit "
    "as a table with a mapping",
    "RESPONSE": "a response (RMF or ARF), which belongs to a spectrum: Orbital keeps none",
    "IMAGE": "an image: Orbital keeps none; ingest the source list made of it",
    "EXPOSURE": "an exposure map: Orbital keeps none; ingest the source list made with it",
    "BKG": "a background map: Orbital keeps none",
    "REGION": f"a region: {PROCESSING}",
    "TEMPORALDATA": f"housekeeping: {PROCESSING}",
}
BY_EXTENSION = {
    "SPECTRUM": BY_CLASS["SPECTRUM"],
    "MATRIX": BY_CLASS["RESPONSE"],
    "SPECRESP MATRIX": BY_CLASS["RESPONSE"],
    "SPECRESP": BY_CLASS["RESPONSE"],
    "EBOUNDS": BY_CLASS["RESPONSE"],
    "REGION": BY_CLASS["REGION"],
    "ATTITUDE": "spacecraft attitude: Orbital has no table for it",
    "ACS_DATA": "spacecraft attitude: Orbital has no table for it",
    "ASPSOL": "an aspect solution: Orbital has no table for it",
    "ORBIT": "the spacecraft's orbit: Orbital has no table for it",
    "EPHEM": "the spacecraft's orbit: Orbital has no table for it",
    "PREFILTER": f"a filter file: {PROCESSING}",
    "FILTER": f"a filter file: {PROCESSING}",
    "BADPIX": f"a list of bad pixels: {PROCESSING}",
    "MASK": f"a detector mask: {PROCESSING}",
    "TDRSS_FC": "a raw UVOT source list in detector pixels, without places on the sky",
    "BAT_DPI": "a detector plane image of BAT: Orbital keeps no images",
    "BAT_DPH": "detector plane histograms of BAT: ingest the light curve binned from them",
    "EBINS": "detector plane histograms of BAT: ingest the light curve binned from them",
}
EXPOSURE_WORDS = ("EXPMAP", "EXPOSURE MAP", "EXPOSURE_MAP", "EXPU")


def product(hdus: list[Hdu], name: str) -> str:
    """Return what product this is and what to do; '' for a table that may be mapped.

    `name` is the file's: exposure maps of XRT show it nowhere else.
    """
    tables = [hdu for hdu in hdus if hdu.fields]
    return _calibration(hdus) or _table(hdus, tables) or _tableless(hdus, tables, name)


def _table(hdus: list[Hdu], tables: list[Hdu]) -> str:
    for hdu in tables:
        if "EVENTS" in {hdu.name, _class(hdu)}:
            return _lacking(hdus, hdu) or _events(hdus)
        if why := BY_EXTENSION.get(hdu.name) or BY_CLASS.get(_class(hdu)):
            return why
    if tables and all("GTI" in hdu.name for hdu in tables):
        return "good time intervals alone: ingest the events or light curve they are of"
    return ""


def _tableless(hdus: list[Hdu], tables: list[Hdu], name: str) -> str:
    images = [hdu for hdu in hdus if _is_image(hdu)]
    if images and all(_is_index(hdu) for hdu in tables):
        return _image(images, name)
    if any(map(_is_ascii, hdus)):
        return "a FITS table in ASCII: needs a mapping (--mapping FILE)"
    return "" if tables else "a FITS file of headers alone, without a table"


def _calibration(hdus: list[Hdu]) -> str:
    content = fits.keyword(hdus, "CCNM0001")
    if content or fits.keyword(hdus, "CCLS0001"):
        kind = (
            "a telescope description (teldef)" if "TELDEF" in content else "calibration"
        )
        return f"{kind} of CALDB ({content or 'CCLS0001'}): {PROCESSING}"
    return ""


def _class(hdu: Hdu) -> str:
    return fits.text(hdu.header, "HDUCLAS1").upper()


def _events(hdus: list[Hdu]) -> str:
    mission = fits.keyword(hdus, "TELESCOP") or "an unnamed mission"
    instrument = fits.keyword(hdus, "INSTRUME") or "an unnamed instrument"
    return f"an event list of {mission} {instrument}: {KEPT_EVENTS} only; {BINNED}"


def _lacking(hdus: list[Hdu], table: Hdu) -> str:
    """Return which columns a list of a kept mission lacks; '' for the others."""
    names = {fits.keyword(hdus, key).upper() for key in ("TELESCOP", "INSTRUME")}
    needed = NEEDED["XRT"] if names == {"SWIFT", "XRT"} else NEEDED["CHANDRA"]
    if names != {"SWIFT", "XRT"} and "CHANDRA" not in names:
        return ""
    absent = [name for name in needed if not table.has(name)]
    if not absent:
        return ""
    word = "column" if len(absent) == 1 else "columns"
    return f"an event list that lacks {word} {', '.join(absent)}"


def _is_image(hdu: Hdu) -> bool:
    if hdu.header.get("ZIMAGE") is True:
        return True
    table = hdu.fields or _is_ascii(hdu)
    return not table and int(hdu.header.get("NAXIS", 0)) > 1


def _is_ascii(hdu: Hdu) -> bool:
    return fits.text(hdu.header, "XTENSION") == "TABLE"


def _is_index(hdu: Hdu) -> bool:
    """Return whether a table only comes with images: good times, or image data packed."""
    return "GTI" in hdu.name or hdu.header.get("ZIMAGE") is True


def _image(images: list[Hdu], name: str) -> str:
    header = images[0].header
    words = " ".join(
        [name.upper().replace("_EX.", "EXPMAP "), images[0].name]
        + [fits.text(header, key).upper() for key in ("CONTENT", "HDUNAME", "HDUCLAS2")]
    )
    if _class(images[0]) == "EXPOSURE" or any(w in words for w in EXPOSURE_WORDS):
        return BY_CLASS["EXPOSURE"]
    key = "ZNAXIS" if header.get("ZIMAGE") is True else "NAXIS"
    axes = range(1, int(header.get(key, 0)) + 1)
    size = " x ".join(str(header.get(f"{key}{n}")) for n in axes)
    return f"an image ({size}): Orbital keeps none; ingest the source list made of it"
