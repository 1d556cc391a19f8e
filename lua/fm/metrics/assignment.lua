-- assignment(cost [n, n]) -> 1-based columns [n]: the cheapest one for each row, no column twice.
-- Jonker and Volgenant 1987.
return { of = require("fm.core").measure.assignment }
