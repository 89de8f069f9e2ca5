"""Archives, compressed files and other formats that are known by their first bytes.

A tar archive has no sign of its own in its oldest form: its header holds the sum of its
bytes, which is checked instead.
"""

import bz2
import lzma

UNPACK = "unpack it first and ingest what is in it (gzip of one file is read as it is)"
PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "a zip archive with nothing in it",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"\x5d\x00\x00": "lzma-compressed",
    b"LZIP": "lzip-compressed",
    b"\x1f\x9d": "compressed (.Z)",
    b"\x1f\xa0": "compressed (.Z)",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"\x04\x22\x4d\x18": "lz4-compressed",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"!<arch>\n": "an ar archive",
    b"\x1f\x8b": "gzip within gzip",
}
EXPORT = "export its table as FITS, CSV or VOTable"
OTHERS = {
    b"\x89HDF\r\n\x1a\n": (
        "HDF5: reading it needs h5py, which is not part of Orbital; export the light "
        "curve as FITS or text"
    ),
    b"CDF\x01": f"a netCDF file: {EXPORT}",
    b"CDF\x02": f"a netCDF file: {EXPORT}",
    b"PAR1": f"a Parquet file: {EXPORT}",
    b"ARROW1": f"an Arrow file: {EXPORT}",
    b"SQLite format 3\x00": f"an SQLite database: {EXPORT}",
    b"\x93NUMPY": f"a numpy array: {EXPORT}",
    b"\x80\x04\x95": f"a Python pickle, which Orbital never opens: {EXPORT}",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": f"an old Office document: {EXPORT}",
    b"root\x00": f"a ROOT file: {EXPORT}",
    b"%PDF-": "a PDF document, not observation data",
    b"%!PS": "a PostScript document, not observation data",
    b"\x89PNG\r\n": "a PNG image, not observation data",
    b"\xff\xd8\xff": "a JPEG image, not observation data",
    b"GIF8": "a GIF image, not observation data",
    b"\x7fELF": "a program, not observation data",
}
TAR_BLOCK = 512
SUM = slice(148, 156)


def container(head: bytes) -> str:
    """Return what a file is by its first bytes, and what to do with it; '' if unknown."""
    if is_tar(head):
        return f"a tar archive: {UNPACK}"
    for magic, name in PACKED.items():
        if head.startswith(magic):
            inside = "a tar archive, " if is_tar(_unpacked(head, magic)) else ""
            return f"{inside}{name}: {UNPACK}"
    return next((why for magic, why in OTHERS.items() if head.startswith(magic)), "")


def is_tar(head: bytes) -> bool:
    """Return whether this begins with a tar header: by its mark, or by its checksum."""
    block = head[:TAR_BLOCK]
    if len(block) < TAR_BLOCK or not block[0]:
        return False
    if block[257:262] == b"ustar":
        return True
    claimed = block[SUM].strip(b" \0")
    if not claimed or claimed.strip(b"01234567"):
        return False
    cleared = block[: SUM.start] + b" " * 8 + block[SUM.stop :]
    return int(claimed, 8) == sum(cleared)


def _unpacked(head: bytes, magic: bytes) -> bytes:
    """Return the first block inside bzip2 or xz data; b'' if it is damaged."""
    try:
        if magic == b"BZh":
            return bz2.BZ2Decompressor().decompress(head, TAR_BLOCK)
        if magic == b"\xfd7zXZ\x00":
            unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=128 << 20)
            return unpacker.decompress(head, TAR_BLOCK)
    except (OSError, lzma.LZMAError, EOFError):
        pass
    return b""
