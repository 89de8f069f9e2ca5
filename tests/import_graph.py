"""The import graph of this repository's packages, read from the code with ast.

An arrow runs from a file to each file whose names it takes when it is imported; a name
taken from a package's `__init__.py` counts as taken from the file that defines it.
Imports inside functions wait until they are called and draw no arrow; imports for type
checkers only do.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("orbital_kernel", "vast_standin", "widgets/orbital_widgets")

Graph = dict[str, frozenset[str]]


def names(path: Path, *, lazy: bool = True) -> Iterator[tuple[str, str]]:
    """Yield (module, name or '') of each absolute import; `lazy` ones are in functions."""
    body = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(body) if lazy else _at_import(body):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name) for alias in node.names)


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_import(child)


@cache
def files() -> dict[str, Path]:
    """Return every file of the packages by its module name."""
    modules = {}
    for package in map(Path, PACKAGES):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT / package.parent).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


@cache
def graph(package: str, *, lazy: bool = False) -> Graph:
    """Return which modules of a package each of its modules imports.

    `lazy` imports, inside functions, draw arrows only if asked for.
    """
    modules = {m: p for m, p in files().items() if m.split(".")[0] == package}
    return {
        module: frozenset(
            source
            for imported, name in names(path, lazy=lazy)
            for source in [_source(imported, name)]
            if source in modules and source != module
        )
        for module, path in modules.items()
    }


def _source(module: str, name: str) -> str:
    """Return the module that a name comes from, through packages that hand it on."""
    if f"{module}.{name}" in files():
        return f"{module}.{name}"
    path = files().get(module)
    if name and path is not None and path.name == "__init__.py":
        for imported, handed in names(path, lazy=False):
            if handed == name and imported != module:
                return _source(imported, name)
    return module


def circles(arrows: Graph) -> list[list[str]]:
    """Return the sets of modules that import each other in a loop."""
    reach = {module: _reached(arrows, module) for module in arrows}
    rings = {
        frozenset(other for other in reach[module] if module in reach[other])
        for module in arrows
        if module in reach[module]
    }
    return sorted(sorted(ring) for ring in rings)


def _reached(arrows: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    ahead = list(arrows[start])
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += arrows[module]
    return reached


def longest_chain(arrows: Graph) -> list[str]:
    """Return the longest chain of imports, from its top; the graph has no circle."""

    @cache
    def below(module: str) -> tuple[str, ...]:
        return (module, *max(map(below, arrows[module]), key=len, default=()))

    return list(max(map(below, arrows), key=len))
