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

    def rows(self, full_name):
        return len(self.stored[full_name])

    def insert(self, full_name, rows):
        conformed = schema.conform(rows, schema.table(full_name)).to_pylist()
        self.stored[full_name] += conformed
        return len(conformed)

    def read(self, full_name, clauses=(), **_options):
        terms = [(clause.column, clause.any_of[0]) for clause in clauses]
        selected = [
            row
            for row in self.stored[full_name]
            if all(_holds(row[column], term) for column, term in terms)
        ]
        return pa.Table.from_pylist(selected, schema=schema.table(full_name).arrow)


def _holds(value, term):
    return value == term.value if isinstance(term, Equal) else value >= term.low
