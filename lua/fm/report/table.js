// Tables: a click on a head sorts, words in the field filter, and colors follow a column.
"use strict";

(function () {
  const cellValue = (cell) => (cell && cell.dataset.value !== undefined ? cell.dataset.value : undefined);

  // Numbers before words before nothing, whichever way it goes.
  function compare(a, b, sign) {
    const kind = (v) => (v === undefined || v === "" ? 2 : Number.isNaN(Number(v)) ? 1 : 0);
    const ka = kind(a), kb = kind(b);
    if (ka !== kb) return ka - kb;
    if (ka === 0) return sign * (Number(a) - Number(b));
    return ka === 1 ? sign * a.localeCompare(b) : 0;
  }

  function sortBy(table, head, direction) {
    const column = head.cellIndex, body = table.tBodies[0], sign = direction === "descending" ? -1 : 1;
    const rows = [...body.rows].map((row, i) => ({ row, i, value: cellValue(row.cells[column]) }));
    rows.sort((a, b) => compare(a.value, b.value, sign) || a.i - b.i);
    body.append(...rows.map((entry) => entry.row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    report.state["sort " + table.id] = [head.dataset.name, direction];
  }

  function makeSortable(table) {
    for (const head of table.tHead.rows[0].cells) {
      const button = head.querySelector("button");
      if (!button) continue;
      const next = () => (head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
      button.addEventListener("click", () => sortBy(table, head, next()));
    }
    const [name, direction] = report.state["sort " + table.id] || [];
    const kept = name && [...table.tHead.rows[0].cells].find((head) => head.dataset.name === name);
    if (kept) sortBy(table, kept, direction);
  }

  // ---- filter: "lr<0.01 status=done moons" ----

  const operators = {
    "=": (a, b) => a === b, "!=": (a, b) => a !== b, "<": (a, b) => a < b, "<=": (a, b) => a <= b,
    ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  };

  // Returns row -> boolean, or throws what is wrong with the word.
  function termOf(word, names) {
    const [, name, operator, wanted] = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/.exec(word) || [];
    if (!name) return (row) => row.textContent.toLowerCase().includes(word.toLowerCase());
    const column = names.indexOf(name);
    if (column < 0) throw new Error(`no column "${name}"`);
    if (wanted === "") return () => true; // it is still being written
    return (row) => {
      const value = cellValue(row.cells[column]);
      if (value === undefined) return false;
      const numeric = !Number.isNaN(Number(value)) && !Number.isNaN(Number(wanted));
      return numeric ? operators[operator](Number(value), Number(wanted)) : operators[operator](value, wanted);
    };
  }

  function startFilter(table) {
    const field = document.getElementById("filter"), names = [...table.tHead.rows[0].cells].map((head) => head.dataset.name);
    const read = () => {
      report.state.filter = field.value;
      const said = field.value.split(/\s+/).filter(Boolean);
      let terms = [], problem = "";
      try { terms = said.map((word) => termOf(word, names)); } catch (error) { problem = error.message; }
      const out = new Set();
      for (const row of table.tBodies[0].rows) if (!terms.every((term) => term(row))) out.add(Number(row.dataset.run));
      field.classList.toggle("error", problem !== "");
      report.problem = problem;
      report.hide("filter", out);
    };
    field.addEventListener("input", read);
    if (report.state.filter) {
      field.value = report.state.filter;
      read();
    }
  }

  function showRows(table) {
    let n = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !report.isShown(Number(row.dataset.run));
      n += row.hidden ? 0 : 1;
    }
    document.getElementById("count").textContent = report.problem || `${n} of ${table.tBodies[0].rows.length} runs`;
    document.getElementById("clear").hidden = n === table.tBodies[0].rows.length && !report.problem;
  }

  // ---- colors: a class per run, from the values of a column ----

  report.rows = function () { return [...document.querySelectorAll("#run-table tbody tr")]; };

  report.valuesOf = function (name) {
    const heads = [...document.querySelectorAll("#run-table thead th")], column = heads.findIndex((head) => head.dataset.name === name);
    return new Map(this.rows().map((row) => [Number(row.dataset.run), cellValue(row.cells[column])]));
  };

  // Returns { classes: run -> class, keys: [[text, class]] or null for a scale from best to worst }.
  report.colorsBy = function (name) {
    if (name === "") return { classes: this.ranks, keys: null }; // the scale of the page
    const values = this.valuesOf(name);
    const distinct = [...new Set(values.values())].filter((v) => v !== undefined).sort((a, b) => compare(a, b, 1));
    const ordered = distinct.every((v) => !Number.isNaN(Number(v))) && distinct.length > 2;
    const classOf = (v) => {
      const i = distinct.indexOf(v);
      if (i < 0) return "off";
      return ordered || distinct.length > 8 ? "r" + Math.round((7 * i) / Math.max(1, distinct.length - 1)) : "s" + (i + 1);
    };
    const shown = distinct.length > 8 ? [distinct[0], distinct[distinct.length - 1]] : distinct;
    const keys = shown.map((v) => [`${name} ${report.label(v)}`, classOf(v)]);
    return { classes: new Map([...values].map(([run, v]) => [run, classOf(v)])), keys };
  };

  report.label = (v) => (Number.isNaN(Number(v)) ? v : report.number(Number(v)));

  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  const runs = document.getElementById("run-table");
  if (!runs) return;
  report.ranks = new Map(report.rows().map((row) => [Number(row.dataset.run), row.cells[0].className.replace("swatch", "").trim()]));
  for (const row of report.rows()) {
    row.addEventListener("mouseenter", () => report.point(Number(row.dataset.run)));
    row.addEventListener("mouseleave", () => report.point());
  }
  report.on("shown", () => showRows(runs));
  report.on("pointed", (runs) => { for (const row of report.rows()) row.classList.toggle("pointed", runs.has(Number(row.dataset.run))); });
  document.getElementById("clear").addEventListener("click", () => {
    document.getElementById("filter").value = "";
    document.getElementById("filter").dispatchEvent(new Event("input"));
    report.tell("cleared");
  });
  startFilter(runs);
  showRows(runs);
})();
