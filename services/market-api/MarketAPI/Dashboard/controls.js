// Buttons and keys: what each does is the page's, how they look and what they are called stands here.

import { CHART_COUNTS } from "./address.js";
import { element } from "./text.js";

const $ = (id) => document.getElementById(id);
export const choices = (name) => document.querySelectorAll(`input[name="${name}"]`);

/** @param actions what the page can do, by name */
export function shortcuts(actions) {
  const entry = (keys, label, text, run) => ({ keys, label, text, run });
  return [
    entry(["?"], "?", "This list", actions.help),
    entry(["/"], "/", "Search for a symbol", () => $("symbol").focus()),
    entry(["m"], "m", "Filter the list of markets", () => $("filter").focus()),
    entry(["[", "]"], "[ ]", "Symbol before, symbol after", (key) => actions.stepSymbol(key === "]" ? 1 : -1)),
    entry([..."123456789"], "1–7", "Interval", (key) => actions.chooseInterval(key - 1)),
    entry(["g"], "g", "One, two or four charts", actions.nextCount),
    entry(["p"], "p", "Next chart", actions.nextChart),
    entry(["ArrowLeft", "ArrowRight"], "← →", "Scroll the chart",
      (key) => actions.chart()?.scroll(key === "ArrowRight" ? 0.1 : -0.1)),
    entry(["+", "=", "-"], "+ -", "Fewer or more candles", (key) => actions.chart()?.zoom(key === "-" ? 1.25 : 0.8)),
    entry([",", "."], ", .", "Read the candle before, after", (key) => actions.stepCandle(key === "." ? 1 : -1)),
    entry(["Escape"], "Esc", "Read the newest candle again", () => actions.stepCandle(0)),
    entry(["0", "End"], "0", "Go to the newest candles", () => actions.chart()?.showLatest()),
    entry(["f"], "f", "Fit all candles that are loaded", () => actions.chart()?.fit()),
    entry(["l"], "l", "Logarithmic prices", actions.toggleLog),
    entry(["z"], "z", "Times in UTC or local", actions.toggleZone),
    entry(["i"], "i", "Save a picture of the chart", actions.savePicture),
    entry(["c"], "c", "Save the candles as CSV", actions.saveCandles),
    entry(["t"], "t", "Light or dark", () => $("theme").click()),
  ];
}

/** Fills the tool bar and gives each button its work. */
export function buildControls(intervals, actions) {
  $("intervals").append(...intervals.map((interval, index) =>
    radio("interval", interval, `Press ${index + 1}`, () => actions.chooseInterval(index))));
  $("counts").append(...CHART_COUNTS.map((count) => {
    const title = count === 1 ? "One chart (press g)" : `${count} charts (press g)`;
    return radio("count", String(count), title, () => actions.setCount(count));
  }));
  const work = {
    latest: () => actions.chart()?.showLatest(),
    fit: () => actions.chart()?.fit(),
    image: actions.savePicture,
    log: actions.toggleLog,
    zone: actions.toggleZone,
    "candles-csv": actions.saveCandles,
    "tape-csv": actions.saveTrades,
    "help-open": actions.help,
  };
  for (const [id, run] of Object.entries(work)) $(id).addEventListener("click", () => run());
  for (const button of document.querySelectorAll("#parts button")) {
    button.addEventListener("click", () => showPart(button.dataset.part));
  }
}

function radio(name, value, title, onChange) {
  const label = element("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
  label.title = title;
  label.append(input, element("span", "", value));
  input.addEventListener("change", onChange);
  return label;
}

/** On a phone one part is seen at a time. */
function showPart(part) {
  document.body.dataset.part = part;
  for (const button of document.querySelectorAll("#parts button")) {
    button.setAttribute("aria-pressed", String(button.dataset.part === part));
  }
}
