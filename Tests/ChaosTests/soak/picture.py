"""A soak as one page that needs nothing else: memory, lag and latency over time."""

import html

from .trend import warm_up_seconds

COLOURS = ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 260, 70, 190, 34, 36
POINTS = 800
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2937;"
    "background:#fff}pre{overflow:auto;background:#f3f4f6;padding:1rem;font-size:12px}svg{width:100%;height:auto}"
    "svg text{font:12px system-ui,sans-serif;fill:#374151}"
)


def page(title, closing_table, samples, total, outcome):
    """The HTML."""
    names = list(samples[0]["services"])
    memory = {name: [(one["at"], one["services"][name]["rss_mib"]) for one in samples] for name in names}
    lag = {"records": [(one["at"], one["lag_records"]) for one in samples]}
    latency = {
        "p99": [(s["at"], s["event_to_store_p99_ms"]) for s in samples if s["event_to_store_p99_ms"] is not None]
    }
    charts = [
        chart("Resident memory, MiB", memory, total),
        chart("In the log and not yet in PostgreSQL, records", lag, total),
        chart("From a trade to its commit, 99th percentile, ms", latency, total),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(outcome)}</p>"
        f"<pre>{html.escape(closing_table)}</pre>{''.join(charts)}</html>\n"
    )


def chart(title, series, total):
    """One SVG; the warm-up that no line is fitted to is grey."""
    high = max((value for points in series.values() for _, value in points), default=0) * 1.1 or 1
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    end = max((points[-1][0] for points in series.values() if points), default=0) or 1

    def place(time, value):
        return f"{LEFT + wide * time / end:.1f},{TOP + tall * (1 - value / high):.1f}"

    warm = wide * min(1, warm_up_seconds(total) / end)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">',
        f'<text x="{LEFT}" y="20" font-weight="600">{html.escape(title)}</text>',
        f'<rect x="{LEFT}" y="{TOP}" width="{warm:.1f}" height="{tall}" fill="#f3f4f6"/>',
    ]
    for step in range(5):
        y, value = TOP + tall * (1 - step / 4), high * step / 4
        parts.append(f'<path d="M{LEFT} {y:.1f}h{wide}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.{0 if high > 8 else 1}f}</text>')
    for step in range(7):
        x = LEFT + wide * step / 6
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{end * step / 6 / 60:.1f} min</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        drawn = " ".join(place(*point) for point in thinned(points))
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        y = TOP + 14 + 20 * number
        parts.append(f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="12" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 34}" y="{y - 3}">{html.escape(name)}</text>')
    return "".join(parts) + "</svg>"


def thinned(points):
    """At most so many; of each group the highest, so that no peak is lost."""
    size = -(-len(points) // POINTS) or 1
    return [max(points[at : at + size], key=lambda point: point[1]) for at in range(0, len(points), size)]
