"""Why a file that no reader recognises is refused: what it is, and what would help."""

import codecs
import re

from orbital_kernel.archives.containers import container
from orbital_kernel.archives.formats import documents, fits, text, votable
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.products import product
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

DOCUMENTS = (".md", ".rst", ".html", ".htm", ".pdf", ".yml", ".yaml", ".toml", ".py")
MAPPING = "needs a mapping (--mapping FILE; `orbital mapping draft` writes one)"
TEXTS = (
    (
        ("TITLE:", "NOTICE_DATE:", "NOTICE_TYPE:"),
        "a GCN Classic notice as text: subscribe to its VOEvent or JSON topic instead",
    ),
    (
        ("NUMBER:", "SUBJECT:", "FROM:"),
        "a GCN Circular: prose for people; copy its table to a file and use a mapping",
    ),
    (
        ("# Region file format",),
        "a DS9 region file: Orbital keeps no regions; ingest the source list it is from",
    ),
)
"""Texts by words at the beginning of their lines."""
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def refusal(source: Source, formats: tuple[str, ...]) -> str:
    """Return one sentence on why the file is refused; `formats` are the readers' names."""
    for explain in (_damaged, _packed, _fits, _document, _text, _ecsv, _table):
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
    return container(source.head)


def _fits(source: Source) -> str:
    if not fits.is_fits(source):
        return ""
    with open_bounded(source.path) as file:
        try:
            hdus = fits.checked_headers(file)
        except ArchiveError as error:
            return str(error)
    if reason := product(hdus, source.path.name):
        return reason
    tables = [h for h in hdus if h.fields]
    columns = ", ".join(f.name for f in tables[0].fields[:12])
    return (
        f"a FITS table of no known kind (TELESCOP {_word(hdus, 'TELESCOP')}, INSTRUME "
        f"{_word(hdus, 'INSTRUME')}, columns {columns}): {MAPPING}"
    )


def _word(hdus: list[fits.Hdu], name: str) -> str:
    return fits.keyword(hdus, name) or "absent"


def _document(source: Source) -> str:
    if source.path.suffix.lower() in DOCUMENTS or source.stem.upper() == "README":
        return "a document, not observation data"
    head = source.head.lstrip()[:4000]
    if head.startswith(b"file\tkind\twhat\tsource"):
        return "a list of files (manifest), not observation data"
    if head.startswith((b"{", b"[")):
        return _json(head)
    return _xml(source) if head.removeprefix(codecs.BOM_UTF8).startswith(b"<") else ""


def _json(head: bytes) -> str:
    if head.startswith(b"{") and b'"$schema"' in head and b"json-schema.org" in head:
        return "a JSON schema, not a notice"
    if re.match(rb"\[\s*\{", head):
        return f"a JSON list: {documents.ONE_EACH}"
    return "JSON of no known kind (looked for GCN notices, XRT curves, OTTER records)"


def _xml(source: Source) -> str:
    head = source.head[:4000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return (
            "an HTML page, not observation data: perhaps an archive's page of errors or "
            "of logging in; open it in a browser, then fetch the file again"
        )
    if not votable.is_votable(source):
        return "XML that is not a VOEvent or VOTable"
    return _votable(source)


def _votable(source: Source) -> str:
    structure = votable.structure(source.path)
    if structure.error:
        return votable.failed(structure)
    if not structure.columns:
        return "a VOTable without a table"
    columns = ", ".join(structure.columns[:12])
    return f"a VOTable of no known kind (columns {columns}): {MAPPING}"


def _text(source: Source) -> str:
    rows = text.head_lines(source, 60)
    for words, reason in TEXTS:
        if all(any(row.startswith(word) for row in rows) for word in words):
            return reason
    return ""


def _ecsv(source: Source) -> str:
    rows = text.head_lines(source, 1000)
    if not rows or not rows[0].startswith("# %ECSV"):
        return ""
    names = next((row.strip() for row in rows if not row.startswith("#")), "not seen")
    return (
        f"an ECSV table of no known kind (columns {names[:120]}): {MAPPING}. Observation "
        "logs are read without a mapping as CSV or VOTable"
    )


def _table(source: Source) -> str:
    rows = [line for line in text.head_lines(source, 30) if line.strip()]
    if not rows:
        return ""
    numeric = sum(len(_NUMBER.findall(line)) >= 2 for line in rows)
    if numeric * 2 < len(rows):
        return ""
    return (
        f"a text table of no known kind (its first line: {rows[0].strip()[:60]!r}): "
        f"{MAPPING}"
    )
