// Keys, and the dialog that lists them. They can be switched off there: people who speak to their computer, or whose
// hands are not steady, press single keys unawares.

import { element } from "./text.js";

export class Keyboard {
  #shortcuts;
  #dialog;
  isOn = true;

  /**
   * @param shortcuts entries of keys (what `event.key` is), label of the keys, text, and run(key)
   * @param onLayout told when keys are switched on or off
   */
  constructor(shortcuts, dialog, onLayout) {
    this.#shortcuts = shortcuts;
    this.#dialog = dialog;
    const body = dialog.querySelector("tbody");
    for (const { label, text } of shortcuts) {
      const row = element("tr");
      const head = element("th");
      head.scope = "row";
      head.append(...label.split(" ").map((key) => element("kbd", "", key)));
      row.append(head, element("td", "", text));
      body.append(row);
    }
    const choice = dialog.querySelector("#keys-on");
    choice.addEventListener("change", () => {
      this.isOn = choice.checked;
      onLayout();
    });
    dialog.querySelector("#help-close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    addEventListener("keydown", (event) => this.#onKey(event));
  }

  set(isOn) {
    this.isOn = isOn;
    this.#dialog.querySelector("#keys-on").checked = isOn;
  }

  showHelp() { if (!this.#dialog.open) this.#dialog.showModal(); }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (this.#dialog.open || !this.isOn) return;
    const { target, key } = event;
    const isTyping = target.tagName === "INPUT" && target.type !== "radio";
    if (isTyping) {
      if (key === "Escape") target.blur();
      return;
    }
    const isArrow = key.startsWith("Arrow") || key === "Home" || key === "End";
    // Arrows choose within a group of buttons, and scroll what can be scrolled.
    if (isArrow && !target.closest(".pane") && target !== document.body) return;
    const shortcut = this.#shortcuts.find(({ keys }) => keys.includes(key));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run(key);
  }
}
