"""The database side of provisioning, held in memory: tables and the rows in them."""

import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Equal


class MemoryTables:
    """Tables of schema.py with their rows, filtered as the database would."""

    def __init__(self, *names):
        self.stored = {name: [] for name in names}

    def actual(self):
        return {name: schema.table(name) for name in self.stored}

    def create(self, full_name):
        self.stored[full_name] = []

    def drop(self, full_name):
        del self.stored[full_name]

    def arrange(self, full_name):
        """Do nothing: the tables have every projection of schema.py."""

    def widen(self, full_name):
        """Do nothing: the tables have every column of schema.py."""

    def rows(self, full_name):
        return len(self.stored[full_name])

    def insert(self, full_name, rows):
        conformed = schema.conform(rows, schema.table(full_name)).to_pylist()
        self.stored[full_name] += conformed
        return len(conformed)

    def read(self, full_name, clauses=(), *, columns=None, limit=None):
        conditions = [(clause.column, clause.any_of[0]) for clause in clauses]
        matching = [
            row
            for row in self.stored[full_name]
            if all(_holds(row[column], term) for column, term in conditions)
        ]
        return pa.Table.from_pylist(matching, schema=schema.table(full_name).arrow)


def _holds(value, term):
    return value == term.value if isinstance(term, Equal) else value >= term.low
