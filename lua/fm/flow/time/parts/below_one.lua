-- The largest number below 1: rounding may bring a time that is below 1 to it.
return 1 - (require "fm.core".real == "double" and 2.0 ^ -53 or 2.0 ^ -24)
