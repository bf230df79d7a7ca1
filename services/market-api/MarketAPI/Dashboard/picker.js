// The search for a symbol, across venues: a combobox with a list, as the ARIA practices describe it.

import { element } from "./text.js";

const SHOWN = 60;

export class Picker {
  #input;
  #list;
  #onChoose;
  #symbols = [];
  #found = [];
  #active = -1;
  #chosen = "";

  constructor(input, list, onChoose) {
    this.#input = input;
    this.#list = list;
    this.#onChoose = onChoose;
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.#open(""));
    input.addEventListener("input", () => this.#open(input.value));
    input.addEventListener("keydown", (event) => this.#onKey(event));
    input.addEventListener("blur", () => this.#close());
    // The field keeps the focus while a name is clicked.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(option.dataset.symbol);
    });
  }

  /** @param symbols as /symbols has them */
  setSymbols(symbols) { this.#symbols = symbols; }

  setChosen(symbol) {
    this.#chosen = symbol;
    if (document.activeElement !== this.#input || !this.#isOpen) this.#input.value = symbol;
  }

  get #isOpen() { return !this.#list.hidden; }

  #open(text) {
    const words = text.trim().toUpperCase().split(/\s+/).filter(Boolean);
    const matches = (info) => {
      const about = [info.symbol, info.venue, info.venue_symbol, info.base, info.quote].join(" ").toUpperCase();
      return words.every((word) => about.includes(word));
    };
    const [first = ""] = words;
    const rank = ({ symbol, base }) => (symbol === first || base === first ? 0 : symbol.startsWith(first) ? 1 : 2);
    this.#found = this.#symbols.filter(matches).sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN);
    const chosen = text ? 0 : this.#found.findIndex(({ symbol }) => symbol === this.#chosen);
    this.#active = this.#found.length ? Math.max(0, chosen) : -1;
    this.#list.replaceChildren(...this.#found.map((info, index) => option(info, index)));
    if (!this.#found.length) {
      const nothing = element("li", "nothing", "No symbol has this in its name.");
      nothing.setAttribute("role", "option");
      nothing.setAttribute("aria-disabled", "true");
      nothing.setAttribute("aria-selected", "false");
      this.#list.append(nothing);
    }
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    this.#mark();
  }

  #close() {
    if (!this.#isOpen) return;
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
    this.#input.value = this.#chosen;
  }

  #mark() {
    [...this.#list.children].forEach((item, index) => {
      if (item.dataset.symbol) item.setAttribute("aria-selected", String(index === this.#active));
    });
    const item = this.#active >= 0 ? this.#list.children[this.#active] : null;
    if (!item) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    this.#input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  #choose(symbol) {
    if (!symbol) return;
    this.#chosen = symbol;
    this.#close();
    this.#input.value = symbol;
    this.#onChoose(symbol);
  }

  #onKey(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (!this.#isOpen) this.#open("");
      else if (this.#found.length) {
        const count = this.#found.length;
        this.#active = (this.#active + (key === "ArrowDown" ? 1 : count - 1)) % count;
        this.#mark();
      }
    } else if (key === "Enter") {
      if (this.#isOpen) this.#choose(this.#found[this.#active]?.symbol);
    } else if (key === "Escape") {
      if (this.#isOpen) this.#close(); else this.#input.blur();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function option(info, index) {
  const item = element("li");
  item.id = `symbol-option-${index}`;
  item.dataset.symbol = info.symbol;
  item.setAttribute("role", "option");
  const pair = info.base && info.quote ? `${info.base} / ${info.quote}` : info.venue_symbol;
  item.append(element("b", "", info.symbol), element("span", "pair", pair), element("span", "at", info.venue));
  return item;
}
