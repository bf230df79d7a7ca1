// How trustworthy the screen is right now, in one word and one sentence.

import { age } from "./text.js";

/**
 * @param input.everOpen whether the socket was ever open
 * @param input.isOpen whether it is open now
 * @param input.retryInMillis until the next attempt
 * @param input.status the server's last status message, or null
 * @param input.statusAgeMillis since it came
 * @param input.venue the venue of the symbol on screen
 * @returns {{state: string, label: string, sentence: string}} state: connecting, live, stale, interrupted or offline
 */
export function judge({ everOpen, isOpen, retryInMillis, status, statusAgeMillis, venue }) {
  if (!isOpen) {
    if (!everOpen && retryInMillis <= 0) return { state: "connecting", label: "Connecting", sentence: "" };
    const wait = Math.max(0, Math.ceil(retryInMillis / 1000));
    return {
      state: "offline",
      label: "Disconnected",
      sentence: `The connection to the server is down: nothing here is live. ${wait ? `Trying again in ${wait} s.` : "Trying again …"}`,
    };
  }
  if (!status) return { state: "connecting", label: "Connecting", sentence: "" };
  if (status.feed === "interrupted") {
    return {
      state: "interrupted",
      label: "Live feed cut off",
      sentence: "The server is cut off from its live data (Redis). What is shown is the last it knew.",
    };
  }
  const report = status.venues.find((candidate) => candidate.venue === venue);
  if (!report || report.state === "starting" || status.feed === "starting") {
    return { state: "connecting", label: "Waiting for trades", sentence: "" };
  }
  if (report.state === "silent") {
    const millis = report.last_trade_age_ms === null ? null : report.last_trade_age_ms + statusAgeMillis;
    const since = millis === null ? "No trade has come" : `No trade has come for ${age(millis)}`;
    return {
      state: "stale",
      label: millis === null ? `${venue} is silent` : `${venue} silent · ${age(millis)}`,
      sentence: `${since} from any symbol of ${venue}: prices and candles stand still.`,
    };
  }
  return { state: "live", label: "Live", sentence: "" };
}
