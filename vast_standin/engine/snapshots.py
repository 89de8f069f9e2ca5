"""Snapshots: kept states of a bucket, each a small catalogue file of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from vast_standin.engine.catalogue import Catalogue
from vast_standin.engine.files import DataFolder
from vast_standin.engine.references import References
from vast_standin.engine.root import Root
from vast_standin.engine.table import ATTACHED
from vast_standin.http import ProtocolError

_SUFFIX = ".sqlite"


@dataclass
class Snapshots:
    """All kept states; their files stay as long as they do."""

    path: Path
    folder: DataFolder
    references: References
    highest_id: int = 0
    _roots: dict[tuple[str, str], Root] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        for file in self.path.iterdir():
            if not file.name.endswith(_SUFFIX):
                file.unlink()
                continue
            bucket, name = map(unquote, file.name.removesuffix(_SUFFIX).split("@"))
            self._keep(bucket, name, self._load(file))

    def create(self, bucket: str, name: str, root: Root) -> None:
        """Keep the state of a bucket; on disk when this returns."""
        if (bucket, name) in self._roots:
            raise ProtocolError(409, "SnapshotExists", f"snapshot {name} exists")
        state = _only(root, bucket)
        file = self._file(bucket, name)
        unfinished = file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        catalogue = Catalogue(unfinished, full=True)
        catalogue.save(Root(), state, lambda _: 0)
        catalogue.close()
        unfinished.replace(file)
        self._keep(bucket, name, state)

    def drop(self, bucket: str, name: str) -> None:
        """Let a state go."""
        root = self.root(bucket, name)
        self._file(bucket, name).unlink(missing_ok=True)
        del self._roots[bucket, name]
        self.references.move(root, Root())

    def root(self, bucket: str, name: str) -> Root:
        """Give a kept state; 404 when there is none."""
        found = self._roots.get((bucket, name))
        if found is None:
            raise ProtocolError(
                404, "NoSuchSnapshot", f"bucket {bucket} has no snapshot {name}"
            )
        return found

    def names(self, bucket: str) -> list[str]:
        """List the snapshots of a bucket."""
        return sorted(name for of, name in self._roots if of == bucket)

    def files(self) -> set[str]:
        """Name the data files kept states are in."""
        names: set[str] = set()
        for bucket, name in self._roots:
            catalogue = Catalogue(self._file(bucket, name))
            names |= catalogue.files()
            catalogue.close()
        return names

    def _keep(self, bucket: str, name: str, root: Root) -> None:
        self._roots[bucket, name] = root
        self.references.move(Root(), root)

    def _load(self, file: Path) -> Root:
        catalogue = Catalogue(file)
        loaded = catalogue.load(self.folder)
        catalogue.close()
        self.highest_id = max(self.highest_id, loaded.highest_id)
        return loaded.root

    def _file(self, bucket: str, name: str) -> Path:
        return self.path / f"{quote(bucket, safe='')}@{quote(name, safe='')}{_SUFFIX}"


def _only(root: Root, bucket: str) -> Root:
    """Cut a root down to one bucket."""
    state = Root()
    for schema in root.schemas.values():
        if schema.bucket == bucket:
            state = state.with_schema(schema)
    owners: set[int] = set()
    for table in root.tables.values():
        if table.schema_id in state.schemas:
            state = state.with_table(table)
            owners.add(table.id)
    for table in root.tables_in(ATTACHED):
        if int(table.name.partition("/")[0]) in owners:
            state = state.with_table(table)
    return state
