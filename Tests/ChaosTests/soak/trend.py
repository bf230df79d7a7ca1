"""Does a measured value grow? A line through it, how sure that line is, and a verdict."""

import dataclasses
import math
import statistics

STRETCHES = 12
# Two-sided 95 % of Student's t by degrees of freedom: a line through n medians has n - 2.
T_95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23}
# Growth over the time measured that passes for none, as a share of the median, ...
FLAT_SHARE = 0.05
# ... and that no uncertainty of the line excuses.
MOST_SHARE = 0.20


def warm_up_seconds(total):
    """The first fifth is left out, and of short runs five minutes, but never more than two fifths."""
    return max(total * 0.2, min(300.0, total * 0.4))


@dataclasses.dataclass
class Trend:
    """first, last and highest of all values; median, slope and error (half of the slope's 95 % interval) an hour, and
    the hours they are of, from the values after the warm-up."""

    first: float
    last: float
    median: float
    highest: float
    slope: float
    error: float
    hours: float

    @property
    def growth(self):
        """What the line rises over the time measured."""
        return self.slope * self.hours

    def is_flat(self, allowance):
        """Growth stays within 5 % of the median, or within `allowance` where that is more; or the line cannot be told
        from a level one, as long as it rises by less than 20 %. What falls is flat."""
        if self.growth <= max(FLAT_SHARE * self.median, allowance):
            return True
        return self.slope <= self.error and self.growth <= max(MOST_SHARE * self.median, allowance)


def fit(points, total):
    """A Trend of [(seconds, value)]. What a process uses moves in steps that last: neighbouring values say the same
    thing, and a line through all of them would seem surer than it is. So the line is the one of least squares through
    the medians of twelve stretches of equal length."""
    values = [value for _, value in points]
    after = [point for point in points if point[0] >= warm_up_seconds(total)]
    medians = stretches(after)
    if len(medians) < 3:
        raise ValueError(f"{len(points)} samples are too few for a trend: let it run for longer")
    slope, error = line(medians)
    hours = (after[-1][0] - after[0][0]) / 3_600
    return Trend(
        values[0], values[-1], statistics.median(value for _, value in after), max(values), slope * 3_600,
        error * 3_600, hours,
    )  # fmt: skip


def stretches(points):
    """The (median time, median value) of each stretch that has values."""
    if not points:
        return []
    begin, length = points[0][0], (points[-1][0] - points[0][0]) or 1
    groups = {}
    for time, value in points:
        groups.setdefault(min(STRETCHES - 1, int((time - begin) / length * STRETCHES)), []).append((time, value))
    return [
        (statistics.median(time for time, _ in group), statistics.median(value for _, value in group))
        for _, group in sorted(groups.items())
    ]


def line(points):
    """(slope, half of its 95 % interval) of the line of least squares."""
    count = len(points)
    middle_x = sum(x for x, _ in points) / count
    middle_y = sum(y for _, y in points) / count
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    rest = sum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in points)
    return slope, T_95[min(10, count - 2)] * math.sqrt(rest / (count - 2) / spread)
