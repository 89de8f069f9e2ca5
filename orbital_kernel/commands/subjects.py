"""The object that a command is about: a name, or a position."""


def subject_of(text: str) -> str | tuple[float, float]:
    """Return a name, or the position that 'RA,DEC' gives."""
    parts = text.split(",")
    try:
        ra, dec = map(float, parts)
    except ValueError:
        return text
    return ra, dec
