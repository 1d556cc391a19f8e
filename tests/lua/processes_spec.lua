-- What several processes say to each other, message by message, with a mail of our own in place of
-- MPI: who sends to whom, who waits for whom, and what one does when another is gone. The real ones
-- are in tests/cli/mpi_spec.lua.
local checks <const> = dofile "tests/lua/checks.lua"
local processes <const> = require "fm.parts.processes"

local bare <const> = require "fm.core".processes

describe("processes", function()
  checks.no_bytes_stay(setup, teardown)
  local own, real, log

  before_each(function()
    own, real, log = {}, {}, {}
    for name, value in pairs(processes) do own[name] = value end
    for name, value in pairs(bare) do real[name] = value end
    function bare.send(to, kind, what)
      log[#log + 1] = ("to %d %s %s"):format(to, kind, tostring(what))
      return true
    end
    function bare.receive(from, kind, tensor)
      log[#log + 1] = ("from %d %s%s"):format(from, kind, tensor and " " .. tostring(tensor) or "")
      return tensor or ("of %d"):format(from)
    end
  end)
  after_each(function()
    for name, value in pairs(own) do processes[name] = value end
    for name, value in pairs(real) do bare[name] = value end
  end)

  --- What one of `size` processes says while it calls f(...), and what that returns.
  local function said(rank, size, f, ...)
    processes.rank, processes.size, log = rank, size, {}
    local result = f(...)
    return table.concat(log, ", "), result
  end

  it("begin alone, and join the others by their rank, their number and their portion", function()
    assert.same({ 0, 1, 1, true }, { processes.rank, processes.size, processes.portion, processes.agreed_end })
    assert.equal(0, (processes.expected()))
    function bare.start() return 2, 3, 0.25 end
    assert.is_true(processes.start())
    assert.same({ 2, 3, 0.25 }, { processes.rank, processes.size, processes.portion })
    function bare.start() return nil, "no MPI" end
    assert.same({ nil, "no MPI" }, { processes.start() })
    assert.same({ 2, 3, 0.25 }, { processes.rank, processes.size, processes.portion }) -- as before
  end)

  it("pass on what rank 0 has, twice as many in each round", function()
    local wanted <const> = {
      [0] = "to 1 plan x, to 2 plan x, to 4 plan x", "from 0 plan, to 3 plan of 0, to 5 plan of 0", "from 0 plan, to 6 plan of 0", "from 1 plan",
      "from 0 plan", "from 1 plan", "from 2 plan",
    }
    for rank = 0, 6 do
      local text, got = said(rank, 7, processes.broadcast, "plan", rank == 0 and "x" or nil)
      assert.equal(wanted[rank], text)
      assert.equal(rank == 0 and "x" or ("of %d"):format(({ 0, 0, 1, 0, 1, 2 })[rank]), got)
    end
    assert.same({ "", "x" }, { said(0, 1, processes.broadcast, "plan", "x") })
    local numbers <const> = setmetatable({}, { __tostring = function() return "numbers" end })
    assert.same({ "from 0 grad numbers", numbers }, { said(2, 4, processes.broadcast, "grad", numbers) })
    assert.equal("from 0 grad numbers, to 3 grad numbers", (said(1, 4, processes.broadcast, "grad", numbers)))
  end)

  it("agree on what rank 0 makes of the words of all, in their order", function()
    local function joined(list) return table.concat(list, "+") end
    assert.same({ "from 1 step, from 2 step, to 1 step mine+of 1+of 2, to 2 step mine+of 1+of 2", "mine+of 1+of 2" },
      { said(0, 3, processes.agree, "step", "mine", joined) })
    assert.same({ "to 0 step mine, from 0 step", "of 0" }, { said(2, 3, processes.agree, "step", "mine", error) })
    assert.same({ "", "mine" }, { said(0, 1, processes.agree, "step", "mine", joined) })
    assert.equal("from 1 end, to 1 end ", (said(0, 2, processes.meet, "end")))
    assert.equal("to 0 end , from 0 end", (said(1, 2, processes.meet, "end")))
    assert.equal("", (said(0, 1, processes.meet, "end")))
  end)

  it("raise, or do what the run says, when another is gone", function()
    function bare.send() return nil, "rank 1 is gone" end
    function bare.receive() return nil, "rank 2 failed" end
    assert.same({ false, "rank 1 is gone" }, { pcall(processes.send, 1, "plan", "x") })
    assert.same({ false, "rank 2 failed" }, { pcall(processes.receive, 2, "plan") })
    local heard = {}
    function processes.trouble(message) heard[#heard + 1] = message end
    processes.send(1, "plan", "x")
    processes.receive(2, "plan")
    assert.same({ "rank 1 is gone", "rank 2 failed" }, heard)
  end)

  it("tell rank 0 why they failed, in 8000 bytes, and end with its code", function()
    assert.equal("to 0 failed why", (said(1, 2, processes.report, "why")))
    assert.equal("to 0 failed " .. ("x"):rep(8000), (said(1, 2, processes.report, ("x"):rep(8001))))
    assert.equal("", (said(0, 2, processes.report, "why")))
    local ends = {}
    function bare.finish(code, well) ends[#ends + 1] = code .. (well and " well" or "") end
    local function finish(rank, size, code, agreed)
      processes.agreed_end = agreed
      return (select(2, said(rank, size, processes.finish, code)))
    end
    assert.same({ 3, 0, 75, 75, 4, 0, 0, 0 }, { finish(0, 1, 3, true), finish(0, 2, 0, false), finish(0, 2, 75, true), finish(0, 2, 75, false),
      finish(0, 2, 4, true), finish(1, 2, 4, true), finish(1, 2, 75, true), finish(1, 2, 0, true) })
    assert.same({ "0 well", "75 well", "75", "4", "4", "75 well", "0 well" }, ends)
  end)
end)
