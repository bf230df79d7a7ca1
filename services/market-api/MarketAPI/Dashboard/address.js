// What is shown stands in the address, so that it can be bookmarked and shared.
//
// symbol, interval: one for each chart, separated by commas; charts: 1, 2 or 4; focus: which of them the lists beside
// follow; log=1; zone=local; sort: a column, with a minus before it from high to low; filter; keys=off. `theme` is
// theme.js's.

/** How many charts there may be. */
export const CHART_COUNTS = [1, 2, 4];

export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const list = (name) => (parameters.get(name) ?? "").split(",").map((text) => text.trim());
  const [symbols, intervals] = [list("symbol"), list("interval")];
  const asked = Number(parameters.get("charts") ?? 0);
  const named = CHART_COUNTS.find((count) => count >= symbols.length) ?? CHART_COUNTS.at(-1);
  const count = CHART_COUNTS.includes(asked) ? asked : named;
  return {
    charts: Array.from({ length: count }, (_, index) => ({
      symbol: symbols[index] || null, interval: intervals[index] || intervals[0] || null,
    })),
    focus: Math.max(1, Math.min(count, Math.trunc(Number(parameters.get("focus"))) || 1)) - 1,
    isLog: parameters.get("log") === "1",
    isLocal: parameters.get("zone") === "local",
    sort: parameters.get("sort") ?? "",
    filter: parameters.get("filter") ?? "",
    hasKeys: parameters.get("keys") !== "off",
  };
}

/** @param isStep whether the browser's Back shall lead back from here */
export function writeAddress({ charts, focus, isLog, isLocal, sort, filter, hasKeys }, isStep = false) {
  const parameters = new URLSearchParams(location.search);
  const set = (name, value) => { if (value) parameters.set(name, value); else parameters.delete(name); };
  set("symbol", charts.map((chart) => chart.symbol).join(","));
  set("interval", charts.map((chart) => chart.interval).join(","));
  set("charts", charts.length > 1 ? charts.length : "");
  set("focus", focus > 0 ? focus + 1 : "");
  set("log", isLog ? "1" : "");
  set("zone", isLocal ? "local" : "");
  set("sort", sort);
  set("filter", filter);
  set("keys", hasKeys ? "" : "off");
  const query = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  const address = `${location.pathname}?${query}`;
  if (address === location.pathname + location.search) return;
  if (isStep) history.pushState(null, "", address); else history.replaceState(null, "", address);
}

export function onAddressChange(listener) {
  addEventListener("popstate", () => listener(readAddress()));
}
