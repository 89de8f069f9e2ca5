"""Control charts and the board as figures."""

import numpy as np
import polars as pl
from bokeh.models import BoxAnnotation, Span

from orbital_kernel import plots

START = np.datetime64("2020-01-01", "ns")


def samples(*, step=0.0):
    values = np.random.default_rng(1).normal(size=60) + step * (np.arange(60) >= 30)
    days = np.arange(60) * np.timedelta64(86_400_000_000_000, "ns")
    return pl.DataFrame(
        {
            "name": "live-time fraction",
            "subject": "swift <XRT>",
            "time": START + days,
            "value": values,
        }
    )


def board(state="bad"):
    return pl.DataFrame(
        {
            "name": ["live-time fraction"],
            "observatory": ["swift"],
            "subject": ["swift <XRT>"],
            "value": [0.5],
            "unit": [""],
            "state": [state],
            "since_utc": [None],
            "evidence": ["1 < 2"],
        },
        schema_overrides={"since_utc": pl.String},
    )


def test_a_chart_shows_the_onset_and_its_interval():
    drawn = plots.control_chart(samples(step=6.0), unit="count / s")
    (shade,) = drawn.select({"type": BoxAnnotation, "fill_color": "#E69F00"})
    (onset,) = drawn.select({"type": Span})

    assert shade.left <= onset.location <= shade.right
    assert "value (counts s⁻¹)" == drawn.yaxis[0].axis_label


def test_a_chart_of_a_constant_series_shows_no_onset():
    assert [] == list(plots.control_chart(samples()).select({"type": Span}))


def test_the_board_charts_what_is_at_fault_and_escapes_names():
    table, drawn = plots.quality_board(board(), samples(step=6.0)).children

    assert "swift &lt;XRT&gt;" in table.text
    assert "✖ live-time fraction: swift <XRT>" == drawn.title.text


def test_the_board_without_samples_is_a_table():
    assert 1 == len(plots.quality_board(board()).children)
