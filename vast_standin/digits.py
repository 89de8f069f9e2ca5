"""Whole numbers in texts of clients: ASCII digits, few enough for 64 bits."""

MOST_DIGITS = 18


def whole(text: object) -> int | None:
    """Return the number that a text writes in decimal digits, None for any other text.

    `str.isdigit` is no test for that: it holds for "²", which `int` refuses, and for
    thousands of digits, which `int` refuses too.
    """
    digits = str(text)
    if len(digits) <= MOST_DIGITS and digits.isascii() and digits.isdigit():
        return int(digits)
    return None


def clipped(digits: str) -> int:
    """Return the number of any count of ASCII digits, cut to the first 19."""
    shorter = digits.lstrip("0")[: MOST_DIGITS + 1]
    return int(shorter) if shorter else 0
