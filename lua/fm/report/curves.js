// Curves drawn by Chart.js in place of the static ones: smoothing, logarithmic axes, values under the pointer, colors, means over seeds.
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

  // ---- numbers ----

  // Averages each value with its neighbours on both sides, so that the curve does not lag; weights fall by `keep` a place. On a logarithmic
  // axis the logarithms are averaged. Nothing (null) has no weight.
  function smoothed(values, log) {
    const keep = 1 - 1 / (1 + Math.pow(state.smooth / 100, 3) * values.length * 0.15), n = values.length;
    const scaled = values.map((v) => (v === null || (log && v <= 0) ? null : log ? Math.log(v) : v));
    const sums = new Float64Array(n), weights = new Float64Array(n);
    for (const order of [(i) => i, (i) => n - 1 - i]) {
      for (let i = 0, sum = 0, weight = 0; i < n; i++) {
        const v = scaled[order(i)], before = [sum, weight];
        [sum, weight] = v === null ? [keep * sum, keep * weight] : [keep * sum + v, keep * weight + 1];
        const own = order(0) === 0 ? [sum, weight] : [keep * before[0], keep * before[1]]; // the value itself counts once
        sums[order(i)] += own[0];
        weights[order(i)] += own[1];
      }
    }
    return scaled.map((v, i) => (v === null ? null : log ? Math.exp(sums[i] / weights[i]) : sums[i] / weights[i]));
  }

  const points = (x, y) => x.map((u, i) => ({ x: u, y: y[i] }));

  // Mean and standard deviation of each point over the curves that have one there.
  function spread(curves, count) {
    const mean = [], low = [], high = [];
    for (let k = 0; k < count; k++) {
      const values = curves.map((curve) => curve[k]).filter((v) => v !== null);
      const m = values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
      const d = values.length > 1 ? Math.sqrt(values.reduce((a, v) => a + (v - m) ** 2, 0) / (values.length - 1)) : 0;
      mean.push(m);
      low.push(m === null ? null : m - d);
      high.push(m === null ? null : m + d);
    }
    return { mean, low, high };
  }

  // ---- datasets ----

  function line(data, color, more) {
    return Object.assign({ data, borderColor: color, backgroundColor: color, borderWidth: 1.6, pointRadius: data.length === 1 ? 3 : 0, pointHoverRadius: 3.5,
      fill: false, spanGaps: false }, more);
  }

  function ofOneRun(metric, log) {
    const curve = metric.curves[0], color = report.color("s1"), raw = points(curve.x, curve.y);
    if (state.smooth === 0) return [line(raw, color, { name: metric.name })];
    return [line(raw, color + "50", { name: metric.name, borderWidth: 1.1 }), line(points(metric.grid, smoothed(curve.means, log)), color, { quiet: true, borderWidth: 2 })];
  }

  function ofRuns(metric, log) {
    return metric.curves.filter((curve) => report.isShown(curve.run)).map((curve) => {
      const color = report.color(classes.get(curve.run)), on = pointed.has(curve.run);
      const data = state.smooth === 0 ? points(curve.x, curve.y) : points(metric.grid, smoothed(curve.means, log));
      return line(data, pointed.size === 0 || on ? color : color + "38", { runs: [curve.run], borderWidth: on ? 3 : 1.5, order: on ? 0 : 1 });
    });
  }

  function ofGroups(metric, log) {
    const groups = new Map();
    for (const curve of metric.curves) {
      if (!report.isShown(curve.run)) continue;
      const group = groupOf.get(curve.run);
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(curve);
    }
    return [...groups.values()].flatMap((members) => {
      const { mean, low, high } = spread(members.map((curve) => smoothed(curve.means, log)), metric.grid.length);
      const color = report.color(groupClass(members.map((curve) => curve.run))), on = members.some((curve) => pointed.has(curve.run));
      const floor = log ? Math.min(...mean.filter((v) => v > 0)) / 100 : -Infinity; // a band may reach below 0, an axis of logarithms may not
      const shade = pointed.size === 0 || on ? "26" : "0a";
      return [
        line(points(metric.grid, mean), pointed.size === 0 || on ? color : color + "48", { runs: members.map((curve) => curve.run), borderWidth: on ? 3 : 2, low, high }),
        line(points(metric.grid, low.map((v) => (v === null ? null : Math.max(v, floor)))), "transparent", { quiet: true }),
        line(points(metric.grid, high), "transparent", { quiet: true, fill: "-1", backgroundColor: color + shade }),
      ];
    });
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
    const changes = heads.flatMap((head, i) => (head.classList.contains("key") ? [`${head.dataset.name}=${row.cells[i].textContent}`] : []));
    return { run: `run ${run}  ${changes.join(" ")}`, group: changes.filter((text) => !text.startsWith("seed=")).join(" ") || "all" };
  };

  function tooltipLines(metric, item) {
    const set = item.dataset, value = report.number(item.parsed.y);
    if (!sweep) {
      const means = state.smooth === 0 ? null : smoothed(metric.curves[0].means, isLog(metric));
      const k = means && metric.grid.reduce((best, x, i) => (Math.abs(x - item.parsed.x) < Math.abs(metric.grid[best] - item.parsed.x) ? i : best), 0);
      return means && means[k] !== null ? [`${metric.name}  ${value}`, `smoothed  ${report.number(means[k])}`] : [`${metric.name}  ${value}`];
    }
    const text = runText(set.runs[0]);
    if (!set.low) return [text.run, `${metric.name}  ${value}`];
    const deviation = (set.high[item.dataIndex] - set.low[item.dataIndex]) / 2;
    return [`${text.group}  (${set.runs.length} ${set.runs.length === 1 ? "run" : "runs"})`, `${metric.name}  ${value} ± ${report.number(deviation)}`];
  }

  // From the lowest to the highest with a little room, so that no axis is mostly empty.
  function bounds(datasets, log) {
    let low = Infinity, high = -Infinity;
    for (const set of datasets) {
      for (const { y } of set.data) {
        if (y === null || (log && y <= 0) || set.borderColor === "transparent") continue;
        [low, high] = [Math.min(low, y), Math.max(high, y)];
      }
    }
    if (low > high) return {};
    if (log) return { min: low / 1.15, max: high * 1.15 };
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return { min: low - room, max: high + room };
  }

  function scales(log, datasets) {
    const muted = report.color("muted"), font = { family: getComputedStyle(document.body).fontFamily, size: 11.5 };
    const leading = (v) => v / 10 ** Math.floor(Math.log10(v) + 1e-9), named = (v) => [1, 2, 5].some((digit) => Math.abs(leading(v) - digit) < 1e-6);
    const label = (v) => (log && !named(v) ? "" : report.number(v));
    return {
      x: { type: "linear", grid: { display: false, borderColor: muted + "80" }, ticks: { color: muted, font, maxRotation: 0, maxTicksLimit: 7, includeBounds: false, callback: (v) => report.number(v) } },
      y: { type: log ? "logarithmic" : "linear", ...bounds(datasets, log), grid: { color: (c) => (log && label(c.tick.value) === "" ? "transparent" : report.color("grid")), drawBorder: false },
        ticks: { color: muted, font, maxTicksLimit: log ? 12 : 6, includeBounds: false, callback: label } },
    };
  }

  function options(metric, log, datasets) {
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12.5 };
    return {
      animation: false, maintainAspectRatio: false, parsing: false, normalized: true, scales: scales(log, datasets),
      interaction: { mode: "speaking", intersect: false },
      onHover: sweep ? (_, active, chart) => point(active.length ? chart.data.datasets[active[0].datasetIndex].runs : []) : undefined,
      plugins: {
        legend: { display: false },
        tooltip: { filter: (item) => !item.dataset.quiet, displayColors: false, backgroundColor: report.color("ink"), titleColor: report.color("page"),
          bodyColor: report.color("page"), titleFont: Object.assign({ weight: "normal" }, font), bodyFont: font, padding: 9, cornerRadius: 6, caretSize: 0, caretPadding: 9,
          callbacks: { title: (items) => (items.length ? "step " + report.number(Math.round(items[0].parsed.x)) : ""), label: (item) => tooltipLines(metric, item) } },
      },
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

  const isLog = (metric) => (state.log[metric.name] === undefined ? metric.log : state.log[metric.name]);

  function draw(entry) {
    const { metric, canvas, button } = entry, log = isLog(metric);
    button.setAttribute("aria-pressed", String(log));
    const datasets = !sweep ? ofOneRun(metric, log) : state.mode === "means" ? ofGroups(metric, log) : ofRuns(metric, log);
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
      state.log[metric.name] = !isLog(metric);
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
    const slider = report.make("input", { type: "range", min: 0, max: 99, value: state.smooth, id: "smooth" }), output = report.make("span", { class: "count" });
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
    const objective = report.data.objective, names = [[objective ? "" : null, objective && objective.name], ...report.data.keys.map((key) => [key, key])];
    const select = report.make("select", { id: "color" }, ...names.filter(([value]) => value !== null).map(([value, text]) => report.make("option", { value }, text)));
    const legend = document.getElementById("legend"), scale = legend && [...legend.childNodes];
    const apply = () => {
      state.color = select.value;
      const colors = report.colorsBy(state.color);
      classes = colors.classes;
      if (legend) legend.replaceChildren(...(colors.keys ? colors.keys.map(([text, c]) => report.make("span", { class: "key" }, report.make("i", { class: c }), text)) : scale));
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
