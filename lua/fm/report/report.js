// What the other scripts share: the data, which runs are shown, which one is pointed at, and the colors of the reader's mode.
"use strict";

const report = {
  data: JSON.parse(document.getElementById("data").textContent),
  hidden: new Map(), // who hides (the table's filter, a brush) -> set of runs
  listeners: { shown: [], pointed: [], colors: [], cleared: [], recolored: [] },
  state: {}, // kept when the page loads itself again

  on(event, f) { this.listeners[event].push(f); },
  tell(event, ...values) { for (const f of this.listeners[event]) f(...values); },

  hide(who, runs) {
    this.hidden.set(who, runs);
    this.tell("shown");
  },
  isShown(run) {
    for (const runs of this.hidden.values()) if (runs.has(run)) return false;
    return true;
  },
  point(...runs) { this.tell("pointed", new Set(runs)); }, // none: the pointer left

  color(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); },
};

// Numbers as the page writes them: four digits that count.
report.number = function (value) {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const text = Number(value.toPrecision(Math.abs(value) < 1.79e308 ? 4 : 17)); // rounded up, it would be more than a number holds
  return Math.abs(text) >= 1e-4 && Math.abs(text) < 1e6 ? String(text) : text.toExponential().replace("e+", "e");
};

// An element: make("button", { type: "button" }, "text", child...). Text never becomes markup.
report.make = function (name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// ---- what stays over a reload ----

report.restore = function () {
  try { this.state = JSON.parse(sessionStorage.getItem("fmrun " + location.pathname)) || {}; } catch { this.state = {}; }
};
report.keep = function () {
  try { sessionStorage.setItem("fmrun " + location.pathname, JSON.stringify(this.state)); } catch { /* a browser that keeps nothing */ }
};

// ---- copy a command, enlarge a picture ----

function copyFrom(button) {
  const code = button.parentElement.querySelector("code");
  const done = () => {
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  };
  const select = () => { // where a page from the disk may not write the clipboard
    getSelection().selectAllChildren(code);
    if (document.execCommand("copy")) done();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
  else select();
}

report.restore();
for (const text of document.querySelectorAll("pre")) text.scrollTop = text.scrollHeight; // the end of a log is what matters
addEventListener("pagehide", () => report.keep());
for (const button of document.querySelectorAll("button.copy")) button.addEventListener("click", () => copyFrom(button));
for (const image of document.querySelectorAll(".picture img")) {
  image.addEventListener("click", () => image.parentElement.classList.toggle("large"));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => report.tell("colors"));
