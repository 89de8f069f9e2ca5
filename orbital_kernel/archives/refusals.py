"""Why a file that no reader recognises is refused: what it is, and what would help."""

import re

from orbital_kernel.archives.formats import fits, text
from orbital_kernel.archives.formats.bounded import GZIP, PACKED, open_bounded
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

HDF5 = b"\x89HDF\r\n\x1a\n"
DOCUMENTS = (".md", ".rst", ".html", ".htm", ".pdf", ".yml", ".yaml", ".toml", ".py")
NOT_KEPT = {
    "ATTITUDE": "spacecraft attitude: Orbital has no table for it",
    "TDRSS_FC": "a raw UVOT source list in detector pixels, without places on the sky",
}
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def refusal(source: Source, formats: tuple[str, ...]) -> str:
    """Return one sentence on why the file is refused; `formats` are the readers' names."""
    for explain in (_damaged, _packed, _fits, _document, _table):
        if reason := explain(source):
            return reason
    return f"of no known format (looked for {', '.join(formats)})"


def _damaged(source: Source) -> str:
    if source.path.stat().st_size == 0:
        return "the file is empty"
    try:
        with open_bounded(source.path) as file:
            empty = not file.read(1)
    except ArchiveError as error:
        return str(error)
    return "the gzip file holds nothing" if empty else ""


def _packed(source: Source) -> str:
    for magic, name in PACKED.items():
        if source.head.startswith(magic):
            return f"{name}: unpack it first (gzip is read as it is)"
    if source.head.startswith(HDF5):
        return (
            "HDF5: reading it needs h5py, which is not part of Orbital; export the "
            "light curve as FITS or text"
        )
    return "gzip within gzip: unpack it once" if source.head.startswith(GZIP) else ""


def _fits(source: Source) -> str:
    if not fits.is_fits(source):
        return ""
    with open_bounded(source.path) as file:
        try:
            hdus = fits.checked_headers(file)
        except ArchiveError as error:
            return str(error)
    tables = [h for h in hdus if h.fields]
    if not tables:
        return "a FITS file without a table; images are not kept"
    if reason := NOT_KEPT.get(tables[0].name):
        return reason
    columns = ", ".join(f.name for f in tables[0].fields[:12])
    return (
        f"a FITS table of no known kind (TELESCOP {_word(hdus, 'TELESCOP')}, INSTRUME "
        f"{_word(hdus, 'INSTRUME')}, columns {columns}): needs a mapping "
        "(--mapping FILE; `orbital mapping draft` writes one)"
    )


def _word(hdus: list[fits.Hdu], name: str) -> str:
    return fits.keyword(hdus, name) or "absent"


def _document(source: Source) -> str:
    if source.path.suffix.lower() in DOCUMENTS or source.stem.upper() == "README":
        return "a document, not observation data"
    head = source.head.lstrip()[:4000]
    if head.startswith(b"file\tkind\twhat\tsource"):
        return "a list of files (manifest), not observation data"
    if head.startswith(b"{") and b'"$schema"' in head and b"json-schema.org" in head:
        return "a JSON schema, not a notice"
    if head.startswith((b"{", b"[")):
        return (
            "JSON of no known kind (looked for GCN notices, XRT curves, OTTER records)"
        )
    return "XML that is not a VOEvent" if head.startswith(b"<") else ""


def _table(source: Source) -> str:
    rows = [line for line in text.head_lines(source, 30) if line.strip()]
    if not rows:
        return ""
    numeric = sum(len(_NUMBER.findall(line)) >= 2 for line in rows)
    if numeric * 2 < len(rows):
        return ""
    return (
        f"a text table of no known kind (its first line: {rows[0].strip()[:60]!r}): "
        "needs a mapping (--mapping FILE; `orbital mapping draft` writes one)"
    )
