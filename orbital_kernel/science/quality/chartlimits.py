"""Limits of control charts that a constant series exceeds with a stated probability.

From 60,000 to 200,000 simulated series of each length: independent Gaussian noise,
baseline and noise estimated from the series itself, as charts.py and dating.py do.
`make bench-quality` measures the false alarms again, with other seeds.
"""

import numpy as np

PROBABILITIES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
SAMPLES = (8, 12, 16, 24, 40, 80, 160, 320, 640, 1280)
LIMITS = {
    "change": (
        (4.36, 6.62, 8.67, 10.87, 12.79, 15.15),
        (5.34, 7.74, 9.88, 12.25, 14.57, 17.11),
        (5.83, 8.27, 10.49, 12.87, 15.13, 17.67),
        (6.38, 8.91, 11.1, 13.66, 15.97, 18.51),
        (6.93, 9.51, 11.77, 14.16, 16.4, 19.02),
        (7.56, 10.16, 12.48, 15.02, 17.33, 19.93),
        (8.05, 10.67, 13.04, 15.59, 18.0, 20.13),
        (8.53, 11.16, 13.47, 16.05, 18.57, 20.67),
        (8.85, 11.55, 14.03, 16.43, 18.72, 21.18),
        (9.24, 11.84, 14.21, 16.81, 19.34, 21.84),
    ),
    "shewhart": (
        (2.67, 3.72, 4.89, 6.6, 8.69, 11.96),
        (2.76, 3.58, 4.41, 5.42, 6.49, 7.79),
        (2.82, 3.52, 4.21, 5.02, 5.86, 6.98),
        (2.91, 3.5, 4.05, 4.66, 5.32, 5.9),
        (3.03, 3.53, 3.96, 4.41, 4.83, 5.3),
        (3.2, 3.62, 3.98, 4.36, 4.66, 5.01),
        (3.37, 3.74, 4.04, 4.37, 4.66, 4.95),
        (3.56, 3.89, 4.17, 4.45, 4.71, 4.99),
        (3.73, 4.04, 4.3, 4.57, 4.76, 5.01),
        (3.9, 4.19, 4.43, 4.66, 4.9, 5.09),
    ),
    "cusum": (
        (2.69, 4.11, 5.77, 8.15, 11.47, 15.64),
        (3.11, 4.43, 5.82, 7.58, 9.48, 12.0),
        (3.4, 4.7, 6.0, 7.54, 9.15, 11.32),
        (3.83, 5.1, 6.3, 7.79, 9.15, 10.76),
        (4.37, 5.61, 6.82, 8.18, 9.46, 10.98),
        (5.12, 6.37, 7.55, 8.86, 10.01, 11.38),
        (5.86, 7.09, 8.21, 9.44, 10.68, 11.85),
        (6.6, 7.81, 8.9, 10.09, 11.2, 12.41),
        (7.32, 8.5, 9.6, 10.81, 11.83, 13.29),
        (8.05, 9.28, 10.34, 11.48, 12.78, 14.03),
    ),
}
"""By test and length of the series (SAMPLES), one limit per probability."""


def limit(test: str, samples: int, false_alarm: float) -> float:
    """Return the limit of a test: of twice a log-likelihood ratio, or in sigma.

    Linear in the logarithms of length and probability, which both tails follow closely;
    beyond 1,280 samples the last slope continues.

    Parameters
    ----------
    test
        'change' (likelihood ratio of a step or drift), 'shewhart' or 'cusum'.
    samples
        Length of the series, at least 8.
    false_alarm
        Probability of an alarm.
    """
    table = np.array(LIMITS[test])
    rare = -np.log(false_alarm)
    tabled = -np.log(PROBABILITIES)
    by_length = np.array([np.interp(rare, tabled, row) for row in table])
    lengths = np.log(SAMPLES)
    at = np.log(samples)
    if at > lengths[-1]:
        slope = (by_length[-1] - by_length[-2]) / (lengths[-1] - lengths[-2])
        return float(by_length[-1] + max(slope, 0.0) * (at - lengths[-1]))
    return float(np.interp(at, lengths, by_length))
