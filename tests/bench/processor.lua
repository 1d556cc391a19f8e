-- processor: runs another script of this folder with the processor's time in place of the wall
-- clock, which other work on the machine stretches. For scripts of one thread.
--   fmrun --threads 1 tests/bench/processor.lua -- SCRIPT [its words]
local fm <const> = require "fm"
fm.system.seconds = os.clock
local script <const> = table.remove(arg, 1)
dofile(script)
