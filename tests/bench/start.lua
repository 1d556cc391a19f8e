-- start: milliseconds of the processor to start fmrun and end, to train and keep a tiny run, and to
-- list the runs of a folder; each is a process of its own. Usage: fmrun tests/bench/start.lua
-- prints one JSON line each, means; FM_BENCH_ROUNDS sets of how many.
local uv <const> = require "luv"

local rounds <const> = math.tointeger(os.getenv "FM_BENCH_ROUNDS") or 20
local folder <const> = os.tmpname()
os.remove(folder)
local works <const> = {
  { "start", "-e ''" },
  { "run", "--threads 1 -q -m -o " .. folder .. " tests/cli/toy.lua steps=5" },
  { "ls", "ls -o " .. folder },
}

--- What a command of fmrun takes the processor, its own and the system's work together.
local function milliseconds(words)
  local loop = ([[TIMEFORMAT="%%U %%S"; time for _ in {1..%d}; do "$@" >/dev/null || exit; done]]):format(rounds)
  local pipe <close> = assert(io.popen(("bash -c '%s' - %s %s 2>&1"):format(loop, uv.exepath(), words)))
  local text = pipe:read "a"
  local user, system = text:match "(%d+%.%d+) (%d+%.%d+)\n$"
  return (assert(tonumber(user), text) + tonumber(system)) * 1000 / rounds
end

for _, work in ipairs(works) do print(('{"work":"%s","ms":%.3f}'):format(work[1], milliseconds(work[2]))) end
os.execute("rm -r " .. folder)
