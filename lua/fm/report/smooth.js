// Curves as numbers: smoothing, and means over runs.
"use strict";

// Averages each value with its neighbours on both sides, so that the curve does not lag; weights fall by `keep` a place. strength: 0..99.
// On a logarithmic axis the logarithms are averaged. Nothing (null) has no weight.
report.smoothed = function (values, strength, log) {
  const keep = 1 - 1 / (1 + Math.pow(strength / 100, 3) * values.length * 0.15), n = values.length;
  const scaled = values.map((v) => (v === null || (log && v <= 0) ? null : log ? Math.log(v) : v));
  const sums = new Float64Array(n), weights = new Float64Array(n);
  for (const backwards of [false, true]) { // forwards with the value itself, backwards without: it counts once
    let sum = 0, weight = 0;
    for (let i = 0; i < n; i++) {
      const k = backwards ? n - 1 - i : i, before = [keep * sum, keep * weight];
      [sum, weight] = scaled[k] === null ? before : [before[0] + scaled[k], before[1] + 1];
      sums[k] += backwards ? before[0] : sum;
      weights[k] += backwards ? before[1] : weight;
    }
  }
  return scaled.map((v, i) => (v === null ? null : log ? Math.exp(sums[i] / weights[i]) : sums[i] / weights[i]));
};

// What the values of a chart are divided by: 1, or a power of ten where their squares and differences would be more than a number holds.
report.unitOf = function (values) {
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0); // null counts as 0
  if (largest === 0 || (largest > 1e-100 && largest < 1e100)) return 1;
  return Number("1e" + Math.max(-323, Math.floor(Math.log10(largest))));
};

// Divided by the unit; what is next to nothing then is 0, for no axis reaches down to it.
report.inUnits = function (values, unit) {
  return values.map((v) => (v === null ? null : Math.abs(v / unit) < 1e-290 ? 0 : v / unit));
};

// Mean and standard deviation of each point over the curves that have one there.
report.spread = function (curves, count) {
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
};
