"""One tabular request, parsed: its place, transaction and contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from vast_standin.engine.engine import Engine
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.table import Table
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError, Request
from vast_standin.tabular.derived import IMPORTS, imports_table, partitions_table
from vast_standin.tabular.partitions import PARTITIONS_SUFFIX
from vast_standin.tabular.system import system_root

SNAPSHOTS = ".snapshot"
_LARGEST_BODY = 64 << 20


class ObjectStore(Protocol):
    """The objects that imports read, with permission checks."""

    @property
    def owner(self) -> str:
        """The access key that signed the request."""

    def check(self, action: str, bucket: str, key: str) -> None:
        """Raise 403 if the user may not do an S3 action to a key of a bucket."""

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Open an object for reading anywhere in it."""

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether there is such an object."""


@dataclass(frozen=True)
class Call:
    """A request and the stores that answer it."""

    engine: Engine
    objects: ObjectStore | None
    request: Request

    @property
    def owner(self) -> str:
        """The access key that signed; its transactions and queries are found by no other."""
        return self.objects.owner if self.objects is not None else ""

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Path segments, decoded, without the snapshot's."""
        parts = [unquote(p) for p in self.request.path.split("/") if p]
        if len(parts) > 2 and parts[1] == SNAPSHOTS:
            return (parts[0], *parts[3:])
        return tuple(parts)

    @cached_property
    def snapshot(self) -> str | None:
        """Name of the requested snapshot, if any."""
        parts = [unquote(p) for p in self.request.path.split("/") if p]
        return parts[2] if len(parts) > 2 and parts[1] == SNAPSHOTS else None

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Query parameters; the last of a name counts."""
        return dict(self.request.query)

    @property
    def bucket(self) -> str:
        """The bucket; 404 if there is none of that name."""
        name = self.segments[0] if self.segments else ""
        if self.system is not None:
            return name
        if name not in self.engine.buckets():
            raise ProtocolError(404, "NoSuchBucket", f"there is no bucket {name!r}")
        return name

    @property
    def schema_path(self) -> str:
        """Everything after the bucket, as the path of a schema."""
        return "/".join(self.segments[1:])

    @property
    def table_place(self) -> tuple[str, str]:
        """Schema path and table name: the last segment is the table."""
        if len(self.segments) < 3:
            raise ProtocolError(
                400,
                "InvalidArgument",
                f"{self.request.path} names no table: /bucket/schema/table is needed",
            )
        return "/".join(self.segments[1:-1]), self.segments[-1]

    def check(self, action: str, bucket: str, key: str) -> None:
        """Raise 403 if the user may not do an S3 action to a key of a bucket."""
        if self.objects is not None:
            self.objects.check(action, bucket, key)

    def header(self, name: str, default: str = "") -> str:
        """Read a header, as text."""
        return self.request.headers.get(name, default)

    def integer(self, name: str, default: int) -> int:
        """Read a header, as a number; 400 if it is not one."""
        text = self.header(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError as err:
            raise ProtocolError(
                400, "InvalidArgument", f"header {name} is {text!r}, not a number"
            ) from err

    def flag(self, name: str) -> bool:
        """Read a header, as yes or no."""
        return self.header(name).lower() == "true"

    @cached_property
    def transaction(self) -> Transaction | None:
        """The transaction it is part of; None if it has none."""
        number = self.integer("tabular-txid", 0)
        return self.engine.transaction(number, self.owner) if number else None

    @cached_property
    def system(self) -> Root | None:
        """The state of a system table, if one is requested."""
        name = self.segments[0] if self.segments else ""
        return system_root(self.engine, name, self.snapshot)

    @cached_property
    def root(self) -> Root:
        """The state that the request reads."""
        if self.system is not None:
            return self.system
        if self.snapshot is not None:
            return self.engine.snapshot_root(self.segments[0], self.snapshot)
        return self.engine.root if self.transaction is None else self.transaction.root

    def body(self, limit: int = _LARGEST_BODY) -> bytes:
        """Read the body, if it is not too large."""
        if self.request.content_length > limit:
            raise ProtocolError(
                400,
                "EntityTooLarge",
                f"the body has {self.request.content_length} bytes, "
                f"at most {limit} are taken",
            )
        return self.request.read()

    def schema(self) -> Schema:
        """Find the schema the whole path names."""
        schema = self.root.schema(self.bucket, self.schema_path)
        if schema is None:
            raise ProtocolError(
                404, "NoSuchKey", f"there is no schema {self.request.path}"
            )
        return schema

    def table(self) -> Table:
        """Find the table the path names; 404 if there is none."""
        path, name = self.table_place
        table = self.root.table(self.bucket, path, name)
        if table is None:
            raise ProtocolError(
                404, "NoSuchKey", f"there is no table {self.request.path}"
            )
        return table

    def table_or_imports(self, root: Root) -> Table:
        """Find the table, or its imports table if the request asks for it."""
        table = self.table()
        if self.parameters.get("sub-table") != IMPORTS:
            return table
        return imports_table(root, table)

    def readable_table(self) -> Table:
        """Find the table to read: a table, its imports or its partitions."""
        path, name = self.table_place
        if name.endswith(PARTITIONS_SUFFIX):
            base = self.root.table(
                self.bucket, path, name.removesuffix(PARTITIONS_SUFFIX)
            )
            if base is not None and base.definition.partition_keys:
                return partitions_table(base)
        return self.table_or_imports(self.root)

    def refuse_snapshot(self) -> None:
        """Refuse to write into a snapshot."""
        if self.snapshot is not None or self.system is not None:
            raise ProtocolError(403, "AccessDenied", "this cannot be changed")
