"""nbval's notebook whose cells are compared by value."""

from nbval.plugin import IPyNbCell, IPyNbFile

from .outputs import differences
from .tolerance import Tolerance

SHOWN = 12


class NotebookCell(IPyNbCell):
    """One code cell: run by nbval, its outputs compared by value."""

    def compare_outputs(self, test, ref, skip_compare=None):
        """Return whether fresh outputs agree with committed ones; keep what differs."""
        tolerance = Tolerance.of(self.cell.metadata)
        lines = differences(ref, test, tolerance, self.sanitize)
        self.comparison_traceback = lines[:SHOWN]
        if len(lines) > SHOWN:
            self.comparison_traceback.append(f"and {len(lines) - SHOWN} more")
        return not lines


class NotebookFile(IPyNbFile):
    """A notebook with nbval's cells, each under nbval's id."""

    def collect(self):
        """Yield one item per code cell."""
        for cell in super().collect():
            yield NotebookCell.from_parent(
                self,
                name=cell.name,
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )
