"""Published results come out of the published measurements, within their errors."""

import polars as pl
import pytest

from orbital_kernel import connect
from orbital_kernel.errors import QueryError


@pytest.fixture(scope="module")
def published(home):
    """Return a session whose database holds the measurements that come with Orbital."""
    session = connect(home, database="published")
    session.storage.apply()
    assert () == session.ingest_published().in_state("refused")
    return session


@pytest.fixture(scope="module")
def results(published):
    return published.published_results()


def measured(results, quantity):
    """Return the row of a quantity."""
    return results.filter(pl.col("quantity").str.starts_with(quantity)).row(
        0, named=True
    )


def test_the_late_decay_of_grb_130427a_is_within_the_published_error(results):
    row = measured(results, "temporal index after")

    assert abs(row["measured"] - 1.309) < 0.007
    assert pytest.approx(0.007, abs=0.001) == row["measured_err"]


def test_x_rays_alone_give_a_peak_of_gw170817_and_slopes_within_three_sigma(results):
    peak = measured(results, "peak")
    slopes = [measured(results, f"index of the {n}") for n in ("rise", "decline")]

    assert abs(peak["measured"] - 155) < 2 * peak["measured_err"]
    assert slopes[1]["measured"] < 0 < slopes[0]["measured"]
    assert all(row["sigmas"] < 3 for row in (peak, *slopes))


def test_the_dynamic_range_of_ngc_925_ulx_3_is_that_of_its_discovery(results):
    rows = results.filter(object="NGC 925 ULX-3")

    assert pytest.approx([25.54, 28.06], abs=0.01) == rows["measured"].to_list()
    assert rows["consistent"].all()


def test_both_observatories_see_the_same_decline_of_sn_2010jl(results):
    assert (results.filter(object="SN 2010jl")["sigmas"] < 1).all()


def test_one_flare_of_the_night_is_found_with_the_counts_and_the_end_of_the_table(
    results,
):
    start = measured(results, "start")

    assert 1 == measured(results, "flares")["measured"]
    assert measured(results, "stop")["consistent"]
    assert "367 counts" in measured(results, "mean rate")["remark"]
    assert not start["consistent"]
    assert "begins with the observation" in start["remark"]


def test_every_object_with_measurements_has_a_result_with_its_paper(published, results):
    assert set(published.objects.names()["object"]) == set(results["object"])
    assert results["paper"].null_count() == 0


def test_an_object_without_a_published_result_is_answered_in_words(published):
    with pytest.raises(QueryError, match="GRB 130427A"):
        published.published_results("Crab")
