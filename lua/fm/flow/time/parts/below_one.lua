-- The largest number below 1: rounding can lift a time that should stay below 1 to 1.
return 1 - (require "fm.core".real == "double" and 2.0 ^ -53 or 2.0 ^ -24)
