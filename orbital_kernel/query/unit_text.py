"""How the unit of a column is written: a text, '', None, or 'see' another column."""

Unit = str | None
"""'' for a column without a unit, None if it is not known."""

SEE = "see "
"""Begins the unit of a column whose rows state it in the column named next."""
