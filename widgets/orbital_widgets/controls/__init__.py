"""Controls: each writes one part of a Selection and follows it, independently of others."""

from orbital_widgets.controls._arrangement import Arrangement
from orbital_widgets.controls._field import Field
from orbital_widgets.controls._object_name import object_name
from orbital_widgets.controls._position import position
from orbital_widgets.controls._ranges import RangeFields
from orbital_widgets.controls._sky_map import SkyMap
from orbital_widgets.controls._table_choice import table_choice
from orbital_widgets.controls._time_range import time_range
from orbital_widgets.controls._toggles import Toggles

__all__ = [
    "Arrangement",
    "Field",
    "RangeFields",
    "SkyMap",
    "Toggles",
    "object_name",
    "position",
    "table_choice",
    "time_range",
]
