"""What a soak makes of its measurements: a leak is seen, noise and steps at the start are not taken for one."""

import random

import pytest

from soak.judge import judge, table
from soak.picture import page
from soak.trend import fit, warm_up_seconds

HOUR = 3_600
MEDIAN_MIB = 60


def series(total, value, every=10):
    return [(at, value(at)) for at in range(0, total + 1, every)]


def is_flat(points, total):
    return fit(points, total).is_flat(2.0)


def test_a_line_is_found_with_its_uncertainty():
    rng = random.Random(1)
    trend = fit(series(8 * HOUR, lambda at: MEDIAN_MIB + 3 * at / HOUR + rng.gauss(0, 1)), 8 * HOUR)
    assert trend.slope == pytest.approx(3, abs=0.1) and 0 < trend.error < 0.3
    assert trend.growth == pytest.approx(3 * 6.4, abs=0.7)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_flat(seed):
    rng = random.Random(seed)
    assert is_flat(series(HOUR, lambda at: MEDIAN_MIB + rng.gauss(0, 2)), HOUR)


@pytest.mark.parametrize(("total", "mib_an_hour"), [(HOUR // 2, 15), (8 * HOUR, 1)])
def test_a_leak_is_not_flat(total, mib_an_hour):
    rng = random.Random(total)
    assert not is_flat(series(total, lambda at: MEDIAN_MIB + mib_an_hour * at / HOUR + rng.gauss(0, 0.5)), total)


def test_a_leak_in_steps_is_not_flat():
    # 4 MiB every half hour: what an allocator makes of a slow leak.
    assert not is_flat(series(8 * HOUR, lambda at: MEDIAN_MIB + at // 1_800 * 4), 8 * HOUR)


def test_what_grows_in_the_warm_up_or_falls_is_flat():
    total = HOUR // 2
    assert is_flat(series(total, lambda at: min(MEDIAN_MIB, 20 + at / 5)), total)
    assert is_flat(series(total, lambda at: MEDIAN_MIB - at / 100), total)


def test_noise_excuses_no_large_growth():
    rng = random.Random(3)
    points = series(HOUR, lambda at: MEDIAN_MIB + 40 * at / HOUR + rng.gauss(0, 60))
    assert not is_flat(points, HOUR)


def test_the_warm_up():
    assert warm_up_seconds(180) == 72
    assert warm_up_seconds(1_800) == 360
    assert warm_up_seconds(8 * HOUR) == 5_760


def test_too_few_samples_give_no_trend():
    with pytest.raises(ValueError, match="too few"):
        fit([(0, 1), (5, 1)], 10)


def samples(rss=lambda at: MEDIAN_MIB, files=lambda at: 20, lag=lambda at: 900):
    return [
        {
            "at": at,
            "services": {
                "one": {"rss_mib": rss(at), "pss_mib": 50, "threads": 9, "open_files": files(at), "cpu_seconds": at / 4}
            },
            "lag_records": lag(at), "waiting_trades": 3, "event_to_store_p99_ms": 800.0,
        }
        for at in range(0, HOUR + 1, 10)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ({}, None),
        ({"rss": lambda at: MEDIAN_MIB + at / 300}, "one: rss_mib"),
        ({"files": lambda at: 20 + at // 60}, "one: open_files"),
        ({"lag": lambda at: 900 + 5 * at}, "falls behind"),
    ],
)
def test_every_kind_of_growth_is_a_problem(harm, what):
    verdict = judge(samples(**harm), rate=5_000, total=HOUR)
    assert [what in text for text in verdict["problems"]] == ([True] if what else [])
    text = table(verdict)
    assert ("NOT FLAT" in text) == (what is not None and what.startswith("one"))
    assert "0.25" in text
    drawn = page("title", text, samples(**harm), HOUR, "outcome")
    assert drawn.count("<svg") == 3 and drawn.count("<polyline") == 3
