"""The storage engine: durable, transactional tables of Arrow data in one folder."""

from vast_standin.engine.engine import Engine
from vast_standin.engine.root import BucketInfo, Root, Schema
from vast_standin.engine.table import Column, Definition, Table
from vast_standin.engine.transaction import Transaction
from vast_standin.engine.usage import Usage

__all__ = [
    "BucketInfo",
    "Column",
    "Definition",
    "Engine",
    "Root",
    "Schema",
    "Table",
    "Transaction",
    "Usage",
]
