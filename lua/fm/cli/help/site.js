// The search of the site, over index.js: the rules are those of search.lua. Without scripts the pages and their links are all there.
"use strict";
const field = document.getElementById("search");
const results = document.getElementById("results");
const menu = document.getElementById("menu");
const endings = ["ally", "ing", "als", "al", "ed", "es", "s"];
const kinds = { page: 6, command: 4, option: 0, reference: 0 };
const most = 30;

function stem(word) {
  const ending = endings.find((ending) => word.length > ending.length + 3 && word.endsWith(ending));
  return ending ? word.slice(0, -ending.length) : word;
}

function pattern(word) {
  return new RegExp("(?<![A-Za-z0-9])" + word.replace(/[^\p{L}\p{N}\s]/gu, "\\$&"), "g");
}

function worth([name, title, text], word, kind) {
  const at = pattern(word);
  const isLast = kind !== "page" && (name.match(/\w+$/) || [])[0] === word; // that of a section is only the end of its title
  let sum = name === word || isLast ? 60 : at.test(name) ? 30 : 0;
  at.lastIndex = 0;
  if (at.test(title)) sum += 20;
  const n = (text.match(at) || []).length;
  return sum + (n ? 4 + 2 * Math.log2(n) : 0);
}

function score(entry, words) {
  let sum = kinds[entry.kind];
  for (const word of words) {
    const value = worth(entry.low, word, entry.kind) + (stem(word) !== word ? worth(entry.low, stem(word), entry.kind) / 4 : 0);
    if (!value) return 0;
    sum += value;
  }
  return sum;
}

const entries = window.fmIndex.map(([kind, name, title, text, where], place) =>
  ({ kind, name, title, text, where, place, low: [name, title, text].map((part) => part.toLowerCase()) }));

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word);
  if (!words.length) return [];
  for (const entry of entries) entry.score = score(entry, words);
  return entries.filter((entry) => entry.score).sort((a, b) => b.score - a.score || a.place - b.place);
}

function line(entry, words) {
  const lines = entry.text.split("\n");
  for (const word of words.flatMap((word) => [word, stem(word)])) {
    const found = lines.find((line) => pattern(word).test(line.toLowerCase()));
    if (found && found !== entry.title) return found.slice(0, 160);
  }
  return "";
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function show() {
  const found = find(field.value);
  const words = field.value.toLowerCase().split(/\s+/).filter((word) => word);
  results.replaceChildren(...found.slice(0, most).map((entry) => {
    const link = element("a", "");
    link.href = entry.where;
    link.append(element("b", entry.name), entry.title, element("small", line(entry, words)));
    return link;
  }));
  if (words.length && !found.length) results.append(element("p", "Nothing has these words."));
  results.hidden = !words.length;
}

document.documentElement.classList.add("scripted");
field.hidden = false;
menu.hidden = false;
field.addEventListener("input", show);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && results.querySelector("a")) results.querySelector("a").click();
  if (event.key === "Escape") { field.value = ""; show(); }
});
results.addEventListener("click", () => { results.hidden = true; });
menu.addEventListener("click", () => document.getElementById("contents").classList.toggle("open"));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
});
