"""Detections without an error above 0: a few are left out and counted, many are refused."""

from orbital_kernel.errors import QueryError

MOST = 0.1
"""Share of detections that may lack an error: without more of them a series is another."""


def left_out(without: int, detections: int, subject: str) -> str | None:
    """Return in words how many of a subject's detections are left out; None if none are.

    Raises
    ------
    QueryError
        If more than a tenth have no error.
    """
    if not without:
        return None
    share = (
        f"{without:,} of {detections:,} detections of {subject} "
        f"{'has' if without == 1 else 'have'} no error above 0"
    )
    if without > MOST * detections:
        raise QueryError(
            f"{share}: a lag and a variability need errors, and leaving out so many would "
            "change the series; give errors or drop these points"
        )
    return f"{share} and {'is' if without == 1 else 'are'} left out"
