// The figures above the chart and the legend in it.

import { changePercent, direction, fullTime, money, short } from "./text.js";

const $ = (id) => document.getElementById(id);

/**
 * Price and day of the symbol on screen.
 * @param info as /symbols has it
 * @param price the server's string, or undefined before the first
 * @param day the day's candle, or undefined
 */
export function showQuote(info, price, day) {
  const output = $("price");
  const before = output.dataset.symbol === info.symbol ? output.dataset.value : "";
  if (!before || !price) output.className = "price";
  else if (before !== price) output.className = `price ${direction(before, price)}`;
  output.textContent = price ? money(price, info.price_decimals) : "–";
  output.dataset.value = price ?? "";
  output.dataset.symbol = info.symbol;
  const isKnown = price && day;
  $("change").textContent = isKnown ? changePercent(day.open, price) : "";
  $("change").className = `change ${isKnown ? direction(day.open, price) : ""}`;
  for (const name of ["open", "high", "low"]) {
    $(`day-${name}`).textContent = day ? money(day[name], info.price_decimals) : "–";
  }
  $("day-volume").textContent = day ? short(day.volume) : "–";
  $("day-volume").title = day?.volume ?? "";
  $("day-trades").textContent = day ? money(String(day.trade_count)) : "–";
}

/** One candle in the server's own strings. */
export function showLegend(candle) {
  const legend = $("legend");
  if (!candle) {
    legend.replaceChildren();
    return;
  }
  const moved = direction(candle.open, candle.close);
  const entries = [
    ["", fullTime(candle.window_start), "time"], ["O", candle.open, moved], ["H", candle.high, moved],
    ["L", candle.low, moved], ["C", candle.close, moved], ["", changePercent(candle.open, candle.close), moved],
    ["Vol", candle.volume, ""], ["Trades", String(candle.trade_count), ""],
  ];
  if (!candle.closed) entries.push(["", "open", "open-mark"]);
  if (candle.missing_trades > 0) entries.push(["Missing", String(candle.missing_trades), "down"]);
  legend.replaceChildren(...entries.map(([name, value, className]) => {
    const group = document.createElement("div");
    const definition = document.createElement("dd");
    if (className === "time" || className === "open-mark") group.className = className;
    definition.className = `moves ${className}`;
    definition.textContent = value;
    if (name) {
      const term = document.createElement("dt");
      term.textContent = name;
      group.append(term);
    }
    group.append(definition);
    return group;
  }));
}
