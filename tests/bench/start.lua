-- start: milliseconds to start fmrun and end, to train and keep a tiny run, and to list the runs of
-- a folder; each is a process of its own. Medians by the wall clock. Usage: fmrun
-- tests/bench/start.lua prints one JSON line each; FM_BENCH_ROUNDS sets how many of each.
local fm <const> = require "fm"
local uv <const> = require "luv"
local slower <const> = dofile "tests/bench/slower.lua"

local rounds <const> = math.tointeger(os.getenv "FM_BENCH_ROUNDS") or 11
local fmrun <const> = uv.exepath() .. " --threads 1 "
local folder <const> = os.tmpname()
os.remove(folder)
local works <const> = {
  { "start", "-e ''" },
  { "run", "-q -m -o " .. folder .. " tests/bench/peers/toy_flow.lua steps=5" },
  { "ls", "ls -o " .. folder },
}
for _, work in ipairs(works) do
  local times = {}
  for i = 1, rounds do
    local begun = fm.system.seconds()
    assert(os.execute(fmrun .. work[2] .. " >/dev/null"), work[1])
    times[i] = (fm.system.seconds() - begun) * 1000
  end
  print(('{"work":"%s","ms":%.3f}'):format(work[1], slower.median(times)))
end
os.execute("rm -r " .. folder)
