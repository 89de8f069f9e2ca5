"""How a file whose header names no object is named: by its name, then by its folders.

People keep curves as `GRB 050315/lc.qdp`. A name such as `lc`, `flux` or `PCCURVE` names
no object: the object is then the nearest folder's burst, transient or catalogue name,
else null.
"""

import re
from pathlib import Path

from orbital_kernel.archives.reading import Account, Source

_NAMES = (
    re.compile(
        r"(?<![A-Za-z])(?P<kind>GRB)[ _-]?(?P<name>\d{6}(?:[A-Z](?![A-Z]))?)(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![A-Za-z])(?P<kind>SN|AT)(?P<gap>[ _-]?)(?P<name>\d{4}[A-Z]{1,4})(?![A-Z\d])",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![A-Za-z\d])(?P<kind>2CXO|CXOU?|[12]SXPS|LSXPS|Swift|MAXI|IGR|XTE|SGR|AX|"
        r"[12]RXS|4XMM)[ _]?(?P<name>J?\d{4,6}(?:\.\d+)?[+-]\d{2,6}(?:\.\d+)?)"
    ),
    re.compile(r"(?P<kind>nova)_(?P<name>[^_.]+)"),
)
_WORDS = re.compile(
    r"(?:acis|all|band|bat|bkg|binned|bin|bins|catalogue|catalog|cat|chan|copy|corr|counts?|curves?|data|export|"
    r"file|final|flux|fluxes|full|hard|hrc|hr|incbad|kev|lc|lcs|light|list|log|mode|net|new|"
    r"nosys|objects?|obs|of|old|out|output|pc|photometry|plot|points|qdp|rates?|ratio|raw|result|"
    r"results|sec|soft|sources?|src|srcflux|summary|targets?|swift|chandra|table|time|"
    r"total|tmp|untitled|uvot|wt|xrt)+",
    re.IGNORECASE,
)


def named_in(path: Path) -> str | None:
    """Return the object that a file's name, or its nearest folder's, names."""
    absolute = path.absolute()
    for part in absolute.parts[::-1]:
        if name := _name_in(part):
            return name
    return None


def object_of(source: Source, account: Account) -> str | None:
    """Return the object of a file whose content names none; None is counted in words."""
    if name := named_in(source.path):
        return name
    if not is_generic(source.stem):
        return source.stem
    account.understood.append(
        "neither the file, its name nor its folders name the object: it is null"
    )
    return None


def series_of(source: Source) -> str:
    """Return the name of a file's series: its stem, after its object where that is generic."""
    stem = source.stem
    if not is_generic(stem):
        return stem
    name = named_in(source.path) or source.path.absolute().parent.name
    return f"{name} {stem}".strip()


def catalog_of(source: Source) -> str:
    """Return the name of a user's catalogue: its file's, after its folder's if generic."""
    name = source.path.name.removesuffix(".gz")
    stem = name.rpartition(".")[0] or name
    if not is_generic(stem):
        return stem
    return f"{source.path.absolute().parent.name} {stem}".strip()


def is_generic(stem: str) -> bool:
    """Return whether a stem only says what kind of file it is, as `flux_lc` does."""
    letters = re.sub(r"[\W\d_]+", "", stem)
    return bool(letters) and _WORDS.fullmatch(letters) is not None


def _name_in(text: str) -> str | None:
    for pattern in _NAMES:
        if match := pattern.search(text):
            kind, name = match["kind"], match["name"]
            if kind.upper() == "GRB":
                return f"GRB {name.upper()}"
            if kind.upper() in {"SN", "AT"}:
                gap = " " if match["gap"] else ""
                return f"{kind.upper()}{gap}{name}"
            return f"{kind} {name}"
    return None
