"""How `make docs` builds the guide and the API reference, offline."""

from importlib import metadata

project = "Orbital"
copyright = "The Orbital authors, Apache-2.0"  # noqa: A001 - Sphinx reads this name
version = release = metadata.version("orbital")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_click",
]
exclude_patterns = ["pictures.py"]
html_theme = "furo"
html_title = f"Orbital {release}"
html_show_sourcelink = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
nitpicky = False
autodoc_typehints = "none"  # numpydoc's Parameters give type, unit and default
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "GL08",  # a public object without a docstring
    "PR01",  # a parameter that is not documented
    "PR02",  # a documented parameter that does not exist
    "RT01",  # no Returns
    "EX01",  # no example
}
numpydoc_validation_exclude = {
    r"archives\.reading\.(Reader|Source|Account)$",  # fields are under Attributes
}
