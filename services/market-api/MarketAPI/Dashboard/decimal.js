// Exact arithmetic on the server's decimals: digits become integers, never floats.

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

/** Two decimals in order, for sorting: negative, 0 or positive. */
export function compare(left, right) {
  const difference = exact(left) - exact(right);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** The change in hundredths of a percent, rounded half away from zero; null where there is nothing to compare with. */
export function basisPoints(from, to) {
  const base = exact(from);
  if (base <= 0n) return null;
  const difference = exact(to) - base;
  const magnitude = difference < 0n ? -difference : difference;
  const rounded = (magnitude * 20000n + base) / (base * 2n);
  return difference < 0n ? -rounded : rounded;
}

/** The change in percent with two places: "+1.25 %". */
export function changePercent(from, to) {
  const hundredths = basisPoints(from, to);
  if (hundredths === null) return "";
  const magnitude = hundredths < 0n ? -hundredths : hundredths;
  const sign = magnitude === 0n ? "" : hundredths < 0n ? "−" : "+";
  return `${sign}${magnitude / 100n}.${String(magnitude % 100n).padStart(2, "0")} %`;
}

/** A quotient of decimals that are not negative, rounded half up to so many places; "" where there is none. */
export function quotient(dividend, divisor, places) {
  const base = exact(divisor);
  if (base <= 0n) return "";
  const rounded = (exact(dividend) * 2n * 10n ** BigInt(places) + base) / (base * 2n);
  if (places === 0) return String(rounded);
  const digits = String(rounded).padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The mean price of what was traded in a candle, weighed by quantity, with so many places. */
export function meanPrice(candle, places) { return quotient(candle.quote_volume, candle.volume, places); }
