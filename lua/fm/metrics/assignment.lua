-- assignment(cost [n, n]) -> 1-based columns [n]: the cheapest one for each row, no column twice.
-- Shortest augmenting paths, Jonker and Volgenant 1987, from the prices of a sample.
return { of = require("fm.core").measure.assignment }
