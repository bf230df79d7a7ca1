"""From samples to verdicts."""

import statistics

from .trend import fit

# What growth passes for none, whatever the median is: pages of the allocator, a thread of a pool, a client more.
ALLOWANCES = {"rss_mib": 2.0, "threads": 2.0, "open_files": 4.0}
# The lag swings by what is traded between two commits (COMMIT_INTERVAL, 1 s).
LAG_SECONDS = 2


def judge(samples, rate, total):
    """{"services": {name: {...}}, "lag": {...}, "event_to_store_p99_ms": {...}, "problems": [sentence]}."""
    services, problems = {}, []
    for name in samples[0]["services"]:
        found = {}
        for key, allowance in ALLOWANCES.items():
            trend = fit([(one["at"], one["services"][name][key]) for one in samples], total)
            found[key] = described(trend, trend.is_flat(allowance))
            if not found[key]["is_flat"]:
                problems.append(
                    f"{name}: {key} grows by {trend.slope:.2f} ± {trend.error:.2f} an hour, {trend.growth:.2f} in the"
                    f" {60 * trend.hours:.0f} minutes measured, from a median of {trend.median:.1f}"
                )
        found["cores"] = cores(samples, name)
        found["pss_mib"] = {"last": samples[-1]["services"][name]["pss_mib"]}
        services[name] = found
    lag = fit([(one["at"], one["lag_records"]) for one in samples], total)
    is_level = lag.is_flat(rate * LAG_SECONDS)
    if not is_level:
        problems.append(f"the processor falls behind: its lag grows by {lag.slope:.0f} records an hour")
    latencies = [one["event_to_store_p99_ms"] for one in samples if one["event_to_store_p99_ms"] is not None]
    return {
        "services": services,
        "lag": described(lag, is_level),
        "waiting_trades": {"highest": max(one["waiting_trades"] for one in samples)},
        "event_to_store_p99_ms": {"median": statistics.median(latencies), "highest": max(latencies)}
        if latencies
        else None,
        "problems": problems,
    }


def described(trend, is_flat):
    numbers = {key: round(value, 4) for key, value in vars(trend).items()}
    return {**numbers, "is_flat": is_flat}


def cores(samples, name):
    """Processor time a second, over all samples."""
    first, last = samples[0], samples[-1]
    used = last["services"][name]["cpu_seconds"] - first["services"][name]["cpu_seconds"]
    return round(used / max(0.001, last["at"] - first["at"]), 4)


def table(verdict):
    """The closing table for people."""
    lines = [
        f"{'':20} {'RSS MiB':>24} {'':24} {'threads':>9} {'files':>11} {'cores':>6}",
        f"{'service':20} {'first':>8}{'last':>8}{'median':>8} {'MiB/h':>8} {'±':>7} {'verdict':>8}"
        f" {'first-last':>10} {'first-last':>11}",
    ]
    for name, found in verdict["services"].items():
        rss, threads, files = found["rss_mib"], found["threads"], found["open_files"]
        is_flat = all(found[key]["is_flat"] for key in ALLOWANCES)
        lines.append(
            f"{name:20} {rss['first']:8.1f}{rss['last']:8.1f}{rss['median']:8.1f} {rss['slope']:8.2f}"
            f" {rss['error']:7.2f} {'flat' if is_flat else 'NOT FLAT':>8} {span(threads):>10} {span(files):>11}"
            f" {found['cores']:6.2f}"
        )
    lag, p99 = verdict["lag"], verdict["event_to_store_p99_ms"]
    lines.append(
        f"lag: median {lag['median']:,.0f}, highest {lag['highest']:,.0f} records, {lag['slope']:+,.0f} ±"
        f" {lag['error']:,.0f} an hour; highest number of trades waiting in the producer:"
        f" {verdict['waiting_trades']['highest']:,.0f}"
    )
    if p99:
        lines.append(f"event to store, p99: median {p99['median']:,.0f} ms, highest {p99['highest']:,.0f} ms")
    return "\n".join(lines)


def span(numbers):
    return f"{numbers['first']:.0f}-{numbers['last']:.0f}"
