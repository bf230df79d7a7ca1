// Texts of numbers. Money stays the server's string: it is grouped and padded as text and never becomes a float.

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

/** A large amount in short, cut and not rounded: "1.23 M". */
export function short(text) {
  const [whole, fraction = ""] = text.split(".");
  for (const [digits, unit] of [[12, "T"], [9, "B"], [6, "M"]]) {
    if (whole.length > digits) return `${whole.slice(0, -digits)}.${whole.slice(-digits).slice(0, 2)} ${unit}`;
  }
  const places = Math.max(0, 5 - whole.length);
  return money(places && fraction ? `${whole}.${fraction.slice(0, places)}` : whole);
}

/** "12 s", "3 min", "2 h". */
export function age(millis) {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** An element with a class and a text. */
export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Sets a text only where it differs: nothing is laid out anew for nothing. */
export function setText(target, text) { if (target.textContent !== text) target.textContent = text; }
