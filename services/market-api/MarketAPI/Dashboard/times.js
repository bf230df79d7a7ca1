// Texts of times, in UTC or in the browser's own time zone. Candles of a day are days in UTC in both.

const DAY_SECONDS = 86400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

export const times = {
  /** Whether times are the browser's, with its daylight saving, and not UTC. */
  isLocal: false,

  /** Time of day. */
  clock(seconds) {
    const { hour, minute, second } = parts(seconds, this.isLocal);
    return `${two(hour)}:${two(minute)}:${two(second)}`;
  },

  /** A window's start as short as its interval allows. */
  window(seconds, intervalSeconds) {
    const { year, month, day } = parts(seconds, this.isLocal && intervalSeconds < DAY_SECONDS);
    if (intervalSeconds >= DAY_SECONDS) return `${year}-${two(month)}-${two(day)}`;
    const clock = this.clock(seconds);
    const time = intervalSeconds < 60 ? clock : clock.slice(0, 5);
    return intervalSeconds >= 3600 ? `${two(month)}-${two(day)} ${time}` : time;
  },

  /** With its day; a local time with its offset, without which one hour of autumn would stand for two. */
  full(seconds, intervalSeconds = 0) {
    const isLocal = this.isLocal && intervalSeconds < DAY_SECONDS;
    const { year, month, day, hour, minute, second, offset } = parts(seconds, isLocal);
    const text = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
    return isLocal ? `${text} ${offset}` : text;
  },

  /**
   * A mark on the time axis.
   * @param kind what the chart marks: 0 a year, 1 a month, 2 a day, 3 a time, 4 a time with seconds; all in UTC
   */
  axis(seconds, kind, intervalSeconds) {
    const isDaily = intervalSeconds >= DAY_SECONDS;
    const { year, month, day, hour, minute, second } = parts(seconds, this.isLocal && !isDaily);
    if (isDaily || (hour === 0 && minute === 0 && second === 0)) {
      if (month === 1 && day === 1 && kind === 0) return String(year);
      return day === 1 && isDaily ? MONTHS[month - 1] : `${day} ${MONTHS[month - 1]}`;
    }
    const time = `${two(hour)}:${two(minute)}`;
    // Midnight in UTC is another hour here: that a day begins must still be seen from afar.
    if (kind <= 2) return `${day} ${time}`;
    return kind === 4 ? `${time}:${two(second)}` : time;
  },

  /** What the zone is called, in short. */
  get zone() { return this.isLocal ? `UTC${parts(Date.now() / 1000, true).offset}` : "UTC"; },
};

function parts(seconds, isLocal) {
  const date = new Date(seconds * 1000);
  if (!isLocal) {
    return {
      year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: date.getUTCHours(),
      minute: date.getUTCMinutes(), second: date.getUTCSeconds(), offset: "+00:00",
    };
  }
  const minutes = -date.getTimezoneOffset();
  const magnitude = Math.abs(minutes);
  return {
    year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate(), hour: date.getHours(),
    minute: date.getMinutes(), second: date.getSeconds(),
    offset: `${minutes < 0 ? "−" : "+"}${two(Math.floor(magnitude / 60))}:${two(magnitude % 60)}`,
  };
}
