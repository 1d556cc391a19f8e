// The axes of a chart: what they span, and where they have ticks.
"use strict";

(function () {
  // From the lowest to the highest with a little room, so that no axis is mostly empty.
  function bounds(datasets, log) {
    let low = Infinity, high = -Infinity;
    for (const set of datasets) {
      for (const { y } of set.data) {
        if (y === null || (log && y <= 0) || (log && set.borderColor === "transparent")) continue;
        [low, high] = [Math.min(low, y), Math.max(high, y)];
      }
    }
    if (low > high) return {};
    if (log) return { min: low / 1.15, max: high * 1.15 };
    const size = Math.max(Math.abs(low), Math.abs(high)), differ = high - low > 1e-9 * size;
    const room = (differ ? high - low : size || 1) * 0.05;
    return { min: low - room, max: high + room };
  }

  // Powers of ten; over few of them 2 and 5 as well.
  function setLogTicks(axis) {
    const decades = Math.log10(axis.max / axis.min), every = Math.ceil(decades / 8), list = [];
    for (let k = Math.floor(Math.log10(axis.min)); k <= Math.log10(axis.max); k++) {
      if (((k % every) + every) % every === 0) list.push(...(decades < 3 ? [1, 2, 5] : [1]).map((digit) => Number(digit + "e" + k)));
    }
    const inside = list.filter((value) => value >= axis.min && value <= axis.max);
    if (inside.length > 1) axis.ticks = inside.map((value) => ({ value })); // over less than that, Chart.js has its own
  }

  // Labels of values that were divided by a unit.
  const labels = (unit) => (v) => (Number.isFinite(v * unit) ? report.number(v * unit) : "");

  report.scales = function (datasets, log, { unit, stepUnit }) {
    const muted = report.color("muted"), font = { family: getComputedStyle(document.body).fontFamily, size: 11.5 };
    const ticks = { color: muted, font, includeBounds: false, maxRotation: 0 };
    return {
      x: { type: "linear", title: { display: true, text: "step", color: muted, font, padding: 0 }, grid: { display: false, borderColor: muted + "80" },
        ticks: { ...ticks, maxTicksLimit: 7, callback: labels(stepUnit) } },
      y: { type: log ? "logarithmic" : "linear", ...bounds(datasets, log), grid: { color: report.color("grid"), drawBorder: false },
        ticks: { ...ticks, maxTicksLimit: 8, autoSkip: !log, callback: labels(unit) }, afterBuildTicks: log ? setLogTicks : undefined },
    };
  };
})();
