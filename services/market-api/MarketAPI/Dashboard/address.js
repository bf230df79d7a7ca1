// What is shown stands in the address, so that it can be bookmarked and shared.

export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  return { symbol: parameters.get("symbol"), interval: parameters.get("interval") };
}

export function writeAddress({ symbol, interval }) {
  const parameters = new URLSearchParams(location.search);
  parameters.set("symbol", symbol);
  parameters.set("interval", interval);
  const address = `${location.pathname}?${parameters}`;
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
}

export function onAddressChange(listener) {
  addEventListener("popstate", () => listener(readAddress()));
}
