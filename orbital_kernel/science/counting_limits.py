"""Upper limits of counts above a known background."""


def upper_limit(counts: float, background: float, confidence: float) -> float:
    """Return the upper limit of a source's counts, given counts and expected background.

    Parameters
    ----------
    counts
        Counts in the aperture, source and background.
    background
        Counts of background expected there.
    confidence
        Probability that the source has less.

    References
    ----------
    Kraft, Burrows & Nousek 1991, ApJ 374, 344, eqs. 8 and 9 with a lower bound of 0: the
    posterior of a flat prior of the source above 0.
    """
    from scipy import special

    tail = (1 - confidence) * special.gammaincc(counts + 1, background)
    return float(special.gammainccinv(counts + 1, tail) - background)
