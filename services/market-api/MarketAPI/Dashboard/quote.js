// The figures of the chosen symbol above the charts.

import { changePercent, direction } from "./decimal.js";
import { age, money, setText, short } from "./text.js";

const $ = (id) => document.getElementById(id);

/**
 * @param info as /symbols has it
 * @param price the server's string, or undefined before the first
 * @param day the last 24 hours as /summary has them, or undefined
 */
export function showQuote(info, price, day) {
  const output = $("price");
  const before = output.dataset.symbol === info.symbol ? output.dataset.value : "";
  if (!before || !price) output.className = "price";
  else if (before !== price) output.className = `price ${direction(before, price)}`;
  setText(output, price ? money(price, info.price_decimals) : "–");
  output.dataset.value = price ?? "";
  output.dataset.symbol = info.symbol;
  const isKnown = price && day?.open;
  setText($("change"), isKnown ? changePercent(day.open, price) : "");
  $("change").className = `change ${isKnown ? direction(day.open, price) : ""}`;
  for (const name of ["open", "high", "low"]) {
    setText($(`day-${name}`), day?.[name] ? money(day[name], info.price_decimals) : "–");
  }
  for (const [id, text] of [["day-volume", day?.volume], ["day-turnover", day?.quote_volume]]) {
    setText($(id), text ? short(text) : "–");
    $(id).title = text ?? "";
  }
  setText($("day-unit"), info.base ?? "");
  setText($("turnover-unit"), info.quote ?? "");
  setText($("day-trades"), day ? money(String(day.trade_count)) : "–");
  setText($("venue"), info.followed ? info.venue : `${info.venue}, not followed`);
}

/** How long ago the last trade was; a clock of ours that goes wrong is not shown. */
export function showAge(millis) {
  setText($("last-age"), millis === null || millis < -1000 ? "" : `last trade ${age(millis)} ago`);
}
