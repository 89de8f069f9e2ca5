"""Forecasts of use, and decisions of one quota, with their reasons."""

import dataclasses
import math
import random

import pytest

from orbital_kernel.model.observatory import observatory
from orbital_kernel.storage.growth.forecast import (
    FARTHEST_S,
    Sample,
    reach,
    trend,
)
from orbital_kernel.storage.growth.growth import QuotaState, decide

GB = 10**9

DAY = 86400.0

HOUR = 3600.0

START = 1_700_000_000.0

LEDGER = ("ops.storage", "ops.actions")

QUOTA = observatory("swift").storage.quota

PATH = "/observatories/swift"


def steady(rate_gb_day, days=20, used=100 * GB):
    step = rate_gb_day * GB / 4
    return [Sample(START + i * DAY / 4, int(used + i * step)) for i in range(days * 4)]


def now_of(samples, **changes):
    state = QuotaState(
        PATH, samples[-1].used_bytes, QUOTA.soft_bytes, QUOTA.hard_bytes, "OK"
    )
    return dataclasses.replace(state, **changes)


def test_steady_growth_reaches_the_limit_when_arithmetic_says():
    of = trend(steady(10))
    when = reach(of, 500 * GB)

    expected = (500 * GB - of.used_bytes) / (10 * GB) * DAY
    assert math.isclose(expected, when.likely_s, rel_tol=1e-6)
    assert when.early_s <= when.likely_s <= when.late_s


def test_what_does_not_grow_reaches_nothing():
    assert reach(trend(steady(0)), 500 * GB).likely_s is None


def test_two_samples_give_no_trend():
    assert trend(steady(10)[:2]) is None


def test_the_interval_holds_what_happens_nine_times_in_ten():
    rng = random.Random(8)
    held = total = 0
    for _ in range(200):
        used, samples, crossed = 100.0 * GB, [], None
        for hour in range(24 * 120):
            used += rng.gauss(0.4, 1.2) * GB
            if hour < 24 * 20:
                samples.append(Sample(START + hour * HOUR, int(used)))
            elif used >= 500 * GB:
                crossed = (hour + 1 - 24 * 20) * HOUR
                break
        when = reach(trend(samples), 500 * GB)
        early, late = when.early_s, when.late_s or FARTHEST_S
        total += 1
        held += early <= (crossed or FARTHEST_S) <= late

    assert 0.84 <= held / total <= 0.96


def test_a_quota_far_from_its_limits_is_kept():
    samples = steady(1)
    decision = decide(QUOTA, now_of(samples), samples, now_s=START + 20 * DAY)

    assert "keep" == decision.action
    assert "within 14.0 days" in decision.reason


def test_a_limit_in_reach_is_raised_by_the_least_number_of_steps():
    samples = steady(15, used=50 * GB)
    decision = decide(
        QUOTA, now_of(samples), samples, now_s=samples[-1].time_s + DAY / 4
    )

    assert "expand" == decision.action
    fewer = decision.hard_bytes - QUOTA.growth.step_bytes
    of = trend([*samples, Sample(samples[-1].time_s + DAY / 4, samples[-1].used_bytes)])
    assert reach(of, decision.hard_bytes).early_s >= QUOTA.growth.headroom_s
    assert (
        fewer <= QUOTA.hard_bytes
        or reach(of, fewer).early_s < QUOTA.growth.headroom_s
        or samples[-1].used_bytes >= 0.8 * fewer
    )
    assert "writes may be blocked in" in decision.reason


def test_an_exceeded_soft_limit_is_raised_before_its_grace_ends():
    samples = steady(0.1, used=410 * GB)
    now = now_of(samples, state="SOFT_EXCEEDED", block_s=3 * DAY)
    decision = decide(QUOTA, now, samples, now_s=START + 20 * DAY)

    assert "expand" == decision.action
    assert decision.soft_bytes > now.used_bytes


def test_a_second_expansion_waits_for_the_cool_down():
    samples = steady(15, used=50 * GB)
    at = samples[-1].time_s + DAY / 4
    decision = decide(QUOTA, now_of(samples), samples, now_s=at, last_s=at - HOUR)

    assert "wait" == decision.action


def test_a_block_that_comes_before_the_cool_down_ends_does_not_wait():
    samples = steady(15, used=190 * GB)
    now = now_of(samples, used_bytes=499 * GB, state="SOFT_EXCEEDED", block_s=HOUR)
    at = samples[-1].time_s + DAY / 4
    decision = decide(QUOTA, now, samples, now_s=at, last_s=at - HOUR)

    assert "expand" == decision.action


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"hard_bytes": 2000 * GB, "soft_bytes": 1600 * GB}, "ceiling is 2 TB"),
        (
            {"hard_bytes": 1000 * GB, "soft_bytes": 800 * GB},
            "above 1 TB a person must approve",
        ),
    ],
)
def test_what_policy_forbids_is_asked_for(limits, words):
    samples = steady(1)
    now = now_of(samples, used_bytes=limits["hard_bytes"] - GB, **limits)
    approved = 3000 * GB if "ceiling" in words else 0
    decision = decide(
        QUOTA, now, samples, now_s=START + 20 * DAY, approved_bytes=approved
    )

    assert "ask" == decision.action
    assert words in decision.reason


def test_a_cluster_without_room_is_not_promised():
    samples = steady(1)
    now = now_of(samples, used_bytes=499 * GB)
    decision = decide(QUOTA, now, samples, now_s=START + 20 * DAY, free_bytes=0)

    assert "ask" == decision.action
    assert "0 B left to promise" in decision.reason


def test_limits_never_shrink():
    rng = random.Random(3)
    for _ in range(500):
        hard = rng.randrange(500, 2500) * GB
        now = QuotaState(PATH, rng.randrange(0, hard), hard * 4 // 5, hard, "OK")
        samples = steady(rng.uniform(-5, 30))
        decision = decide(QUOTA, now, samples, now_s=START + 21 * DAY)
        assert decision.hard_bytes >= now.hard_bytes
        assert decision.soft_bytes >= now.soft_bytes


def test_without_a_trend_nothing_is_said_of_the_future():
    quota = observatory("swift").storage.quota
    now = QuotaState("/swift", 0, quota.soft_bytes, quota.hard_bytes, "OK")
    decision = decide(quota, now, [], now_s=0.0)

    assert "keep" == decision.action
    assert "within its limits; too few samples to forecast" == decision.reason
