// Curves drawn by Chart.js in place of the static ones: smoothing, logarithmic axes, values under the pointer, colors.
"use strict";

(function () {
  if (typeof Chart === "undefined") return; // the static charts stay
  const figures = [...document.querySelectorAll("figure.curve")], controls = document.getElementById("curve-controls");
  const sweep = report.data.kind === "sweep";
  const groupOf = new Map(sweep ? report.rows().map((row) => [Number(row.dataset.run), row.dataset.group]) : []);
  const grouped = [...groupOf.values()].some((group, i, all) => group !== undefined && all.indexOf(group) !== i);
  const state = Object.assign({ smooth: 35, color: "", mode: grouped ? "means" : "runs", log: {} }, report.state.curves);
  report.state.curves = state;
  let classes = report.ranks || new Map(), charts = [], pointed = new Set();

  const smoothed = (values, log) => report.smoothed(values, state.smooth, log);
  const points = (x, y) => x.map((u, i) => ({ x: u, y: y[i] }));

  for (const metric of report.data.metrics) { // far out, in units: see report.unitOf
    metric.unit = report.unitOf(metric.curves.flatMap(({ y, means }) => [...y, ...means]));
    metric.stepUnit = report.unitOf(metric.grid);
    metric.grid = report.inUnits(metric.grid, metric.stepUnit);
    if (metric.floor !== null) [metric.floor] = report.inUnits([metric.floor], metric.unit);
    for (const curve of metric.curves) {
      curve.x = report.inUnits(curve.x, metric.stepUnit);
      for (const name of ["y", "means"]) curve[name] = report.inUnits(curve[name], metric.unit);
    }
  }

  // ---- datasets ----

  function line(data, color, more) {
    const look = { borderColor: color, backgroundColor: color, borderWidth: 1.6, fill: false, spanGaps: false };
    return { data, ...look, pointRadius: data.length === 1 ? 3 : 0, pointHoverRadius: 3.5, ...more };
  }

  function ofOneRun(metric, log) {
    const curve = metric.curves[0], color = report.color("s1"), raw = points(curve.x, curve.y);
    if (state.smooth === 0) return [line(raw, color)];
    const smooth = points(metric.grid, smoothed(curve.means, log));
    return [line(raw, color + "50", { borderWidth: 1.1 }), line(smooth, color, { quiet: true, smooth: true, borderWidth: 2 })];
  }

  // What no model can get below.
  function ofFloor(metric, log) {
    if (metric.floor === null || metric.grid.length < 2 || (log && metric.floor <= 0)) return [];
    const ends = [metric.grid[0], metric.grid[metric.grid.length - 1]];
    return [line(points(ends, [metric.floor, metric.floor]), report.color("ink"), { quiet: true, borderWidth: 1.3, borderDash: [5, 4] })];
  }

  function ofRuns(metric, log) {
    return metric.curves.filter((curve) => report.isShown(curve.run)).map((curve) => {
      const color = report.color(classes.get(curve.run)), on = pointed.has(curve.run);
      const data = state.smooth === 0 ? points(curve.x, curve.y) : points(metric.grid, smoothed(curve.means, log));
      const shown = pointed.size === 0 || on ? color : color + "38";
      return line(data, shown, { runs: [curve.run], borderWidth: on ? 3 : 1.5, order: on ? 0 : 1 });
    });
  }

  // A band of mean - deviation to mean + deviation under the line of the mean.
  function ofGroup(metric, log, members) {
    const { mean, low, high } = report.spread(members.map((curve) => smoothed(curve.means, log)), metric.grid.length);
    const runs = members.map((curve) => curve.run), on = runs.some((run) => pointed.has(run)), color = report.color(groupClass(runs));
    const floor = log ? Math.min(...mean.filter((v) => v > 0)) / 100 : -Infinity; // a band may reach below 0, an axis of logarithms may not
    const foot = low.map((v) => (v === null ? null : Math.max(v, floor))), faded = pointed.size > 0 && !on;
    return [
      line(points(metric.grid, mean), faded ? color + "48" : color, { runs, low, high, borderWidth: on ? 3 : 2 }),
      line(points(metric.grid, foot), "transparent", { quiet: true }),
      line(points(metric.grid, high), "transparent", { quiet: true, fill: "-1", backgroundColor: color + (faded ? "0a" : "26") }),
    ];
  }

  function ofGroups(metric, log) {
    const groups = new Map();
    for (const curve of metric.curves) {
      if (!report.isShown(curve.run)) continue;
      const group = groupOf.get(curve.run);
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(curve);
    }
    return [...groups.values()].flatMap((members) => ofGroup(metric, log, members));
  }

  // A group has the color of its runs; on the scale from best to worst, the middle one.
  function groupClass(runs) {
    const list = runs.map((run) => classes.get(run)).filter((c) => c !== "bad" && c !== "off").sort();
    return list[Math.floor((list.length - 1) / 2)] || "off";
  }

  // ---- charts ----

  const crosshair = {
    id: "crosshair",
    afterDatasetsDraw(chart) {
      const active = chart.tooltip && chart.tooltip.getActiveElements();
      if (!active || !active.length) return;
      const x = active[0].element.x, { top, bottom } = chart.chartArea, on = chart.ctx;
      on.save();
      on.strokeStyle = report.color("muted") + "80";
      on.beginPath();
      on.moveTo(x, top);
      on.lineTo(x, bottom);
      on.stroke();
      on.restore();
    },
  };

  const runText = (run) => {
    const row = report.rows().find((r) => Number(r.dataset.run) === run);
    const heads = [...document.querySelectorAll("#run-table thead th")];
    const experiment = heads.findIndex((head) => head.dataset.name === "experiment");
    const change = (head, i) => (head.classList.contains("key") ? [`${head.dataset.name}=${row.cells[i].textContent}`] : []);
    const changes = heads.flatMap(change);
    if (experiment >= 0) changes.unshift(row.cells[experiment].textContent);
    const number = String(run).padStart(3, "0");
    const alike = changes.filter((text) => !text.startsWith("seed="));
    return { run: `run ${number}  ${changes.join(" ")}`, group: alike.join(" ") || "all runs" };
  };

  function tooltipLines(metric, item) {
    const set = item.dataset, value = report.number(item.parsed.y * metric.unit);
    if (!sweep) {
      const smooth = item.chart.data.datasets.find((other) => other.smooth), away = (point) => Math.abs(point.x - item.parsed.x);
      const nearest = smooth && smooth.data.reduce((best, point) => (away(point) < away(best) ? point : best));
      return [`${metric.name}  ${value}`, ...(nearest && nearest.y !== null ? [`smoothed  ${report.number(nearest.y * metric.unit)}`] : [])];
    }
    const text = runText(set.runs[0]);
    if (!set.low) return [text.run, `${metric.name}  ${value}`];
    const deviation = (set.high[item.dataIndex] - set.low[item.dataIndex]) / 2;
    const count = set.runs.length === 1 ? "1 run" : `${set.runs.length} runs`;
    return [`${text.group}  (${count})`, `${metric.name}  ${value} ± ${report.number(deviation * metric.unit)}`];
  }

  function tooltip(metric) {
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12.5 }, ink = report.color("ink"), page = report.color("page");
    return {
      filter: (item) => !item.dataset.quiet, displayColors: false, backgroundColor: ink, titleColor: page, bodyColor: page,
      titleFont: { ...font, weight: "normal" }, bodyFont: font, padding: 9, cornerRadius: 6, caretSize: 0, caretPadding: 9,
      callbacks: {
        title: (items) => (items.length ? "step " + report.number(Math.round(items[0].parsed.x * metric.stepUnit)) : ""),
        label: (item) => tooltipLines(metric, item),
      },
    };
  }

  function options(metric, log, datasets) {
    const hover = (_, active, chart) => point(active.length ? chart.data.datasets[active[0].datasetIndex].runs : []);
    return {
      animation: false, maintainAspectRatio: false, parsing: false, normalized: true, scales: report.scales(datasets, log, metric),
      interaction: { mode: "speaking", intersect: false }, onHover: sweep ? hover : undefined,
      plugins: { legend: { display: false }, tooltip: tooltip(metric) },
    };
  }

  // The nearest point of the sets that have something to say; of one run by step alone.
  Chart.Interaction.modes.speaking = (chart, event) => {
    let nearest = [], least = Infinity;
    chart.data.datasets.forEach((set, datasetIndex) => {
      if (set.quiet) return;
      chart.getDatasetMeta(datasetIndex).data.forEach((element, index) => {
        if (element.skip || Number.isNaN(element.y)) return;
        const distance = (element.x - event.x) ** 2 + (sweep ? (element.y - event.y) ** 2 : 0);
        if (distance < least) [nearest, least] = [[{ element, datasetIndex, index }], distance];
      });
    });
    return nearest;
  };

  const isLog = (metric) => (state.log["of " + metric.name] === undefined ? metric.log : state.log["of " + metric.name]);

  function draw(entry) {
    const { metric, canvas, button } = entry, log = isLog(metric);
    button.setAttribute("aria-pressed", String(log));
    const curves = !sweep ? ofOneRun(metric, log) : state.mode === "means" ? ofGroups(metric, log) : ofRuns(metric, log);
    const datasets = [...curves, ...ofFloor(metric, log)];
    if (entry.chart) {
      entry.chart.data.datasets = datasets;
      entry.chart.options = options(metric, log, datasets);
      entry.chart.update("none");
    } else {
      entry.chart = new Chart(canvas, { type: "line", data: { datasets }, options: options(metric, log, datasets), plugins: [crosshair] });
    }
  }

  function redraw() { for (const entry of charts) draw(entry); }

  function point(runs) { if (runs.length !== pointed.size || runs.some((run) => !pointed.has(run))) report.point(...runs); }

  function start(figure) {
    const metric = report.data.metrics[Number(figure.dataset.metric)], plot = figure.querySelector(".plot");
    const label = figure.querySelector("svg").getAttribute("aria-label");
    const canvas = report.make("canvas", { role: "img", "aria-label": label }), button = report.make("button", { type: "button" }, "log");
    button.addEventListener("click", () => {
      state.log["of " + metric.name] = !isLog(metric);
      draw(entry);
    });
    figure.querySelector(".scale").replaceChildren(button);
    plot.classList.add("live");
    plot.append(canvas);
    canvas.addEventListener("mouseleave", () => point([]));
    const entry = { metric, canvas, button, chart: null };
    charts.push(entry);
  }

  // ---- controls ----

  function addSmoothing() {
    const slider = report.make("input", { type: "range", min: 0, max: 99, value: state.smooth, id: "smooth" });
    const output = report.make("span", { class: "amount" });
    const tell = () => { output.textContent = state.smooth === 0 ? "off" : state.smooth + " %"; };
    slider.addEventListener("input", () => {
      state.smooth = Number(slider.value);
      tell();
      redraw();
    });
    tell();
    controls.append(report.make("label", {}, "smoothing", slider, output));
  }

  function addModes() {
    const modes = [["means", "mean ± deviation over seeds"], ["runs", "every run"]];
    const buttons = modes.map(([mode, text]) => {
      const button = report.make("button", { type: "button", "aria-pressed": String(state.mode === mode) }, text);
      button.addEventListener("click", () => {
        state.mode = mode;
        buttons.forEach((other, i) => other.setAttribute("aria-pressed", String(modes[i][0] === mode)));
        redraw();
      });
      return button;
    });
    controls.append(report.make("label", {}, ...buttons));
  }

  function addColors() {
    const objective = report.data.objective, option = (value, text) => report.make("option", { value }, text);
    const names = report.data.keys.map((key) => option(key, key));
    const select = report.make("select", { id: "color" }, ...(objective ? [option("", objective.name)] : []), ...names);
    const legend = document.getElementById("legend"), scale = [...legend.childNodes];
    const apply = () => {
      state.color = select.value;
      const colors = report.colorsBy(state.color);
      classes = colors.classes;
      const key = ([text, name]) => report.make("span", { class: "key" }, report.make("i", { class: name }), text);
      legend.replaceChildren(...(colors.keys ? colors.keys.map(key) : scale));
      for (const row of report.rows()) row.cells[0].className = "swatch " + classes.get(Number(row.dataset.run));
      report.tell("recolored", classes);
      report.tell("shown");
    };
    select.addEventListener("change", apply);
    controls.append(report.make("label", {}, "color by", select));
    select.value = state.color;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
    if (select.value !== "") apply();
  }

  if (figures.length === 0) return;
  if (grouped) addModes();
  addSmoothing();
  if (sweep) addColors();
  figures.forEach(start);
  report.on("shown", redraw);
  report.on("colors", redraw);
  report.on("pointed", (runs) => {
    pointed = runs;
    if (sweep) redraw();
  });
  redraw();
})();
