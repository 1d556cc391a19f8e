-- What the specs of stopping and resuming share: scripts that stop themselves, and functions that
-- read what they leave.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local base <const> = require "cli.shell"

local stopping <const> = { open = base.open, close = base.close, write = base.write, root = lfs.currentdir(),
  sanitized = base.fmrun:find("asan", 1, true) ~= nil } -- it has a runtime that must be loaded first, and is slow

function stopping.read(path)
  return base.read(base.folder .. "/" .. path)
end

--- The full path of a name in the test's folder.
function stopping.path(name)
  return base.folder .. "/" .. name
end

--- Runs a shell command in the test's folder, $FMRUN the binary; returns exit code, stdout, stderr.
function stopping.shell(command)
  return base.run(("export FMRUN=%s; %s"):format(base.fmrun, command))
end

function stopping.call(arguments)
  return stopping.shell("$FMRUN " .. arguments)
end

function stopping.exists(path)
  return lfs.attributes(base.folder .. "/" .. path) ~= nil
end

stopping.lines = base.lines

function stopping.record(path)
  return assert(fm.json.decode(stopping.read(path .. "/run.json")))
end

--- An experiment of `body`, which may send itself signals by kill(name).
function stopping.experiment(name, body, params)
  stopping.write(name, ([[
local fm <const> = require "fm"
local function kill(signal) io.popen(("kill -%%s %%d"):format(signal, (fm.system.process()))):close() end
return fm.experiment { name = "x", params = { %s steps = 40 }, run = function(run, p)
%s
end }]]):format(params or "", body))
end

--- A body that counts what it keeps, and sends itself the signal p.how at step p.at unless CALM is
--- set.
stopping.counting = [[
  local kept = { n = 0 }
  run:keeps { kept = kept }
  for step in run:steps(p.steps) do
    kept.n = kept.n + 1
    run:log { n = kept.n, luck = run.rng:number() }
    if step == p.at and not os.getenv "CALM" then kill(p.how) end
  end
  print("counted", kept.n)
  run:summary { n = kept.n }]]

function stopping.count_to(at, how, more)
  return stopping.call(("-q x.lua --folder r at=%d how=%s %s"):format(at, how, more or ""))
end

--- Files of two runs hold the same bytes.
function stopping.same(a, b, names)
  for _, name in ipairs(names) do assert(stopping.read(a .. "/" .. name) == stopping.read(b .. "/" .. name), name .. " differs") end
end

--- Each text, in the fourth line of a script that experiment(name, text) writes, ends its run with
--- the message.
function stopping.refused(experiment, calls)
  for text, message in pairs(calls) do
    stopping.shell "rm -rf r"
    experiment("x.lua", text)
    local code, _, err = stopping.call "-q x.lua --folder r"
    assert(code == 1, ("exit %d: %s"):format(code, text))
    assert(err:find("fmrun: x.lua:4: " .. message, 1, true), err)
  end
end

return stopping
