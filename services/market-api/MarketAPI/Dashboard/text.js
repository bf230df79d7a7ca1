// Texts of numbers and times. Money stays the server's string: it is grouped and padded as text and never becomes a float.

/** "1234567.8" with at least `decimals` places, grouped: "1,234,567.80". */
export function money(text, decimals = 0) {
  const sign = text.startsWith("-") ? "-" : "";
  const [whole, fraction = ""] = text.slice(sign.length).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const padded = fraction.padEnd(decimals, "0");
  return sign + grouped + (padded ? "." + padded : "");
}

/** The zeros that a number lacks to have `decimals` places, with the point if it has none. */
export function padding(text, decimals) {
  const point = text.indexOf(".");
  const places = point < 0 ? 0 : text.length - point - 1;
  if (places >= decimals) return "";
  return (point < 0 ? "." : "") + "0".repeat(decimals - places);
}

const SCALE = 16;

/** A decimal's digits as an integer times 10^16. */
export function exact(text) {
  const sign = text.startsWith("-") ? -1n : 1n;
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  return sign * BigInt(whole + fraction.padEnd(SCALE, "0").slice(0, SCALE));
}

/** Which way a price moved: "up", "down" or "". */
export function direction(from, to) {
  const difference = exact(to) - exact(from);
  return difference > 0n ? "up" : difference < 0n ? "down" : "";
}

/** The change in percent with two places, rounded half away from zero: "+1.25 %". */
export function changePercent(from, to) {
  const base = exact(from);
  if (base <= 0n) return "";
  const difference = exact(to) - base;
  const magnitude = difference < 0n ? -difference : difference;
  const hundredths = (magnitude * 20000n + base) / (base * 2n);
  const sign = hundredths === 0n ? "" : difference < 0n ? "−" : "+";
  return `${sign}${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}

/** A large amount in short, cut and not rounded: "1.23 M". */
export function short(text) {
  const [whole, fraction = ""] = text.split(".");
  for (const [digits, unit] of [[12, "T"], [9, "B"], [6, "M"]]) {
    if (whole.length > digits) return `${whole.slice(0, -digits)}.${whole.slice(-digits).slice(0, 2)} ${unit}`;
  }
  const places = Math.max(0, 5 - whole.length);
  return money(places && fraction ? `${whole}.${fraction.slice(0, places)}` : whole);
}

const two = (number) => String(number).padStart(2, "0");

/** Time of day in UTC. */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

/** A window's start as short as its interval allows, in UTC. */
export function windowTime(seconds, intervalSeconds) {
  const date = new Date(seconds * 1000);
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  if (intervalSeconds >= 86400) return day;
  const time = intervalSeconds < 60 ? clock(seconds) : clock(seconds).slice(0, 5);
  return intervalSeconds >= 3600 ? `${day.slice(5)} ${time}` : time;
}

/** The same with its day. */
export function fullTime(seconds) {
  const iso = new Date(seconds * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** "12 s", "3 min", "2 h". */
export function age(millis) {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}
