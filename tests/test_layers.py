"""Who may import what: the architecture, read from the code with ast."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("orbital_kernel", "vast_standin", "widgets/orbital_widgets")

ONLY_IN = {
    "vastdb": ("orbital_kernel/store/",),
    "ibis": ("orbital_kernel/store/",),
    "vastpy": (
        "orbital_kernel/storage/vms.py",
        "orbital_kernel/storage/health/health.py",
    ),
    "papermill": ("orbital_kernel/reports/run.py",),
    "ipywidgets": ("widgets/orbital_widgets/",),
    "jupyter_bokeh": ("widgets/orbital_widgets/",),
    "pyvo": ("orbital_kernel/archives/services/tap.py",),
    "gcn_kafka": ("orbital_kernel/archives/services/gcn_topics.py",),
    "confluent_kafka": ("orbital_kernel/archives/services/gcn_topics.py",),
    "duckdb": ("vast_standin/",),
    "flatbuffers": ("vast_standin/",),
    "cryptography": ("vast_standin/",),
    "click": ("orbital_kernel/__main__.py", "orbital_kernel/commands/"),
}
NEVER = {
    "vast_standin/": ("orbital_kernel", "orbital_widgets", "vastdb", "vastpy"),
    "orbital_kernel/": ("vast_standin", "orbital_widgets"),
    "orbital_kernel/science/": (
        "orbital_kernel.database",
        "orbital_kernel.session",
        "orbital_kernel.ingest",
        "orbital_kernel.query",
        "orbital_kernel.archives",
        "orbital_kernel.storage",
        "requests",
    ),
    "orbital_kernel/archives/": (
        "orbital_kernel.database",
        "orbital_kernel.session",
        "orbital_kernel.ingest",
        "orbital_kernel.query",
        "orbital_kernel.science",
        "orbital_kernel.storage",
    ),
    "orbital_kernel/plots.py": ("orbital_kernel.database", "orbital_kernel.session"),
    "widgets/orbital_widgets/": ("orbital_kernel.database", "vastdb", "vastpy"),
}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files() -> dict[str, set[str]]:
    return {
        path.relative_to(ROOT).as_posix(): set(_imports(path))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }


FILES = _files()


def _of(module: str, imported: set[str]) -> set[str]:
    return {
        name for name in imported if name == module or name.startswith(module + ".")
    }


def test_there_are_files_to_read():
    assert len(FILES) > 30


@pytest.mark.parametrize(("module", "rooms"), ONLY_IN.items())
def test_a_library_is_imported_only_in_its_rooms(module, rooms):
    strangers = [
        f
        for f, names in FILES.items()
        if _of(module, names) and not f.startswith(rooms)
    ]

    assert [] == strangers


@pytest.mark.parametrize(("room", "modules"), NEVER.items())
def test_a_room_never_reaches_for_what_is_not_its_own(room, modules):
    reached = {
        f: sorted(set().union(*(_of(module, names) for module in modules)))
        for f, names in FILES.items()
        if f.startswith(room)
    }

    assert {} == {f: names for f, names in reached.items() if names}
