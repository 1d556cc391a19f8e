// Parallel coordinates: the drawing is in the page already; here come brushes on the axes and the run under the pointer.
"use strict";

(function () {
  const drawing = document.getElementById("parallel");
  if (!drawing) return;
  const namespace = "http://www.w3.org/2000/svg", reach = 14; // how near an axis a press takes hold of it
  const lineOf = (path) => ({ path, run: Number(path.dataset.run), places: path.dataset.y.split(" ").map(Number) });
  const lines = [...drawing.querySelectorAll(".line")].map(lineOf);
  const brushes = new Map(); // axis -> [top, bottom]
  const [top, bottom] = [38, 288];

  function make(name, attributes) {
    const element = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function yOf(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    return Math.min(bottom, Math.max(top, point.y));
  }

  function apply() {
    const out = new Set();
    for (const { run, places } of lines) {
      for (const [axis, [low, high]] of brushes) if (!(places[axis] >= low && places[axis] <= high)) out.add(run);
    }
    report.hide("brush", out);
  }

  function addBrush(axis, index) {
    const x = Number(axis.dataset.x);
    const shade = make("rect", { class: "brush", x: x - 9, width: 18, y: top, height: 0, rx: 3, visibility: "hidden" });
    const handle = make("rect", { class: "handle", x: x - reach, width: 2 * reach, y: top, height: bottom - top });
    const hint = make("title", {});
    hint.textContent = "drag to select, click to select all";
    handle.append(hint);
    axis.append(shade, handle);
    let from = null;
    const draw = (to) => {
      const low = Math.min(from, to), high = Math.max(from, to);
      if (high - low < 3) brushes.delete(index);
      else brushes.set(index, [low, high]);
      shade.setAttribute("visibility", brushes.has(index) ? "visible" : "hidden");
      shade.setAttribute("y", low);
      shade.setAttribute("height", high - low);
      apply();
    };
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      from = yOf(event);
      draw(from);
    });
    handle.addEventListener("pointermove", (event) => { if (from !== null) draw(yOf(event)); });
    handle.addEventListener("pointerup", () => { from = null; });
    return () => shade.setAttribute("visibility", "hidden");
  }

  const erase = [...drawing.querySelectorAll(".axis")].map(addBrush);
  for (const { path, run } of lines) {
    path.addEventListener("mouseenter", () => report.point(run));
    path.addEventListener("mouseleave", () => report.point());
  }
  report.on("shown", () => { for (const { path, run } of lines) path.classList.toggle("dimmed", !report.isShown(run)); });
  report.on("pointed", (runs) => {
    for (const { path, run } of lines) path.classList.toggle("pointed", runs.has(run));
    const behind = lines.filter(({ path, run }) => runs.size === 1 && runs.has(run) && path !== path.parentElement.lastElementChild);
    for (const { path } of behind) path.parentElement.append(path); // over the others
  });
  report.on("recolored", (classes) => { for (const { path, run } of lines) path.setAttribute("class", "line " + classes.get(run)); });
  report.on("cleared", () => {
    brushes.clear();
    for (const f of erase) f();
    apply();
  });
})();
