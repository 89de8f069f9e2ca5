"""Snapshots of a bucket, each in a small catalogue file."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from vast_standin.custody import Home, Ledger, Refused, readable
from vast_standin.custody.home import OVERRIDE
from vast_standin.engine.catalogue import Catalogue
from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.references import References
from vast_standin.engine.root import Root
from vast_standin.engine.table import ATTACHED
from vast_standin.http import ProtocolError

_SUFFIX = ".sqlite"
_UNFINISHED = ".new"


@dataclass
class Snapshots:
    """All snapshots; their files stay as long as they do."""

    path: Path
    folder: DataFolder
    references: References
    catalogue: Catalogue
    home: Home
    ledger: Ledger
    highest_id: int = 0
    extents: dict[str, int] = field(default_factory=dict)
    """The data files kept states were in at the start, with their sizes."""
    _roots: dict[tuple[str, str], Root] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path.mkdir(exist_ok=True)
        noted = self.catalogue.snapshots()
        self._complete(noted)
        for file in sorted(self.path.glob(f"*{_SUFFIX}")):
            bucket, name = map(unquote, file.name.removesuffix(_SUFFIX).split("@"))
            with readable(file):
                self._keep(bucket, name, self._load(file))

    def settle(self) -> None:
        """Record which snapshots exist, after the ledger has admitted the folder."""
        noted = self.catalogue.snapshots()
        present = {self._file(*key).name for key in self._roots}
        if present - noted:
            self.catalogue.note_snapshots(present - noted)
        for file in noted - present:
            self.catalogue.forget_snapshot(file, ())
        self._clear(present)

    def create(self, bucket: str, name: str, root: Root) -> None:
        """Keep the state of a bucket; on disk when this returns."""
        if (bucket, name) in self._roots:
            raise ProtocolError(409, "SnapshotExists", f"snapshot {name} exists")
        state = _only(root, bucket)
        file = self._file(bucket, name)
        unfinished = file.with_suffix(_UNFINISHED)
        unfinished.unlink(missing_ok=True)
        catalogue = Catalogue(unfinished, full=True)
        catalogue.save(Root(), state, lambda _: 0)
        catalogue.close()
        unfinished.replace(file)
        self.catalogue.note_snapshots([file.name])
        self._keep(bucket, name, state)

    def drop(self, bucket: str, name: str) -> None:
        """Delete a snapshot."""
        root = self.root(bucket, name)
        file = self._file(bucket, name)
        _, dropped = self.references.difference(root, Root())
        self.catalogue.forget_snapshot(file.name, dropped)
        self.ledger.dispose(file)
        del self._roots[bucket, name]
        self.references.move(root, Root())

    def root(self, bucket: str, name: str) -> Root:
        """Return the state a snapshot holds; 404 if there is none."""
        root = self._roots.get((bucket, name))
        if root is None:
            raise ProtocolError(
                404, "NoSuchSnapshot", f"bucket {bucket} has no snapshot {name}"
            )
        return root

    def roots(self) -> list[Root]:
        """Return the states of all snapshots."""
        return list(self._roots.values())

    def names(self, bucket: str) -> list[str]:
        """List the snapshots of a bucket."""
        return sorted(name for of, name in self._roots if of == bucket)

    def files(self) -> list[Path]:
        """Return the catalogues of all snapshots."""
        return [self._file(*key) for key in self._roots]

    def _complete(self, noted: set[str]) -> None:
        """Bring snapshots that are noted and missing back from `lost/`, or refuse."""
        missing = sorted(file for file in noted if not (self.path / file).exists())
        for file in list(missing):
            folder = self.home.lost.find(self.path / file, 1)
            if folder is not None:
                self.home.lost.bring_back(self.path / file, folder)
                missing.remove(file)
        if not missing:
            return
        reason = (
            f"{len(missing)} snapshots are missing in {self.path}: {', '.join(missing)}"
        )
        if not self.home.accept_loss:
            raise Refused(
                f"{reason}; nothing was deleted: restore them, or start without them "
                f"with {OVERRIDE}"
            )
        self.home.lost.explain(f"{reason}: given up, as --accept-loss asked")

    def _clear(self, names: set[str]) -> None:
        """Remove snapshots that were never finished, and set other files aside."""
        logs = {name + end for name in names for end in ("-wal", "-shm")}
        for file in list(self.path.iterdir()):
            if _UNFINISHED in file.suffix:
                file.unlink()
            elif file.name not in names | logs and self.home.lost.take([file]):
                self.home.lost.explain(
                    f"{file.name} in {self.path} is not a snapshot, and was moved to lost/"
                )

    def _keep(self, bucket: str, name: str, root: Root) -> None:
        self._roots[bucket, name] = root
        self.references.move(Root(), root)

    def _load(self, file: Path) -> Root:
        catalogue = Catalogue(file)
        loaded, extents = catalogue.load(self.folder), catalogue.extents()
        catalogue.close()
        self.highest_id = max(self.highest_id, loaded.highest_id)
        for name, size in extents.items():
            self.extents[name] = max(size, self.extents.get(name, 0))
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
