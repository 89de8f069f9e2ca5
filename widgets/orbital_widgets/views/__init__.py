"""Views: each shows one aspect of the results, independently of others."""

from orbital_widgets.views._bar import bar
from orbital_widgets.views._code import CodeView
from orbital_widgets.views._curve import CurveView
from orbital_widgets.views._explain import ExplainView
from orbital_widgets.views._files import FilesView
from orbital_widgets.views._histogram import HistogramView
from orbital_widgets.views._plot import PlotView
from orbital_widgets.views._rows import RowsView
from orbital_widgets.views._status import StatusView

__all__ = [
    "CodeView",
    "CurveView",
    "ExplainView",
    "FilesView",
    "HistogramView",
    "PlotView",
    "RowsView",
    "StatusView",
    "bar",
]
