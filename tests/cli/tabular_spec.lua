-- experiments/tabular.lua: a flow over the rows of a table, beside a Gaussian and a kernel density.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, record <const>, root <const> = stopping.call, stopping.record, stopping.root

--- The words of a short run, some of them others.
local function short(folder, others)
  local all = { table = root .. "/datasets/penguins.csv", steps = 60, every = 20, hidden = 8, samples = 100, classifier = 20 }
  for key, value in pairs(others or {}) do all[key] = value end
  local words = { "-q --threads 1 --folder", folder, root .. "/experiments/tabular.lua" }
  for key, value in pairs(all) do words[#words + 1] = ("%s='%s'"):format(key, value) end
  return table.concat(words, " ")
end

local function lines_of(path) return select(2, stopping.read(path):gsub("\n", "")) end

describe("the experiment over tables", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("compares the flow with a Gaussian and a kernel density, for all rows and by class", function()
    for by, gaussian in pairs { [""] = 16.23, species = 14.36 } do
      local code, out, err = call(short("r" .. by, { by = by }))
      assert.equal(0, code, err)
      assert.truthy(out:find("171 rows to learn from, 57 for stopping, 114 held out; 2 lines left out", 1, true), out)
      local s = record("r" .. by).summary
      -- little is learned in 60 steps; the Gaussian is the same however long
      assert.near(gaussian, s.nll_gaussian, 0.01)
      assert.truthy(s.nll < 18 and s.nll > 14 and s.nll_kernel < s.nll)
      assert.near(s.nll_kernel - s.nll, s.behind_kernel, 1e-3)
      assert.truthy(s.behind_gaussian_error > 0 and s.behind_gaussian_error < 1)
      for _, name in ipairs { "c2st", "c2st_gaussian", "c2st_kernel", "c2st_rows" } do assert.truthy(s[name] > 0.3 and s[name] <= 1, name) end
      assert.same({ 60, true }, { s.best_step, s.valid_nll < 18 })
      assert.same({ 5, 11 }, { lines_of("r" .. by .. "/quality.csv"), lines_of("r" .. by .. "/samples.csv") })
      assert.truthy(stopping.exists("r" .. by .. "/pairs.png"))
      assert.equal(by ~= "", stopping.read("r" .. by .. "/samples.csv"):find ",species\n" ~= nil)
    end
  end)

  it("leaves a model that draws in the units of the table", function()
    assert.equal(0, (call(short "r")))
    stopping.write("draw.lua", ([[
      local fm <const> = require "fm"
      package.path = "%s/experiments/?.lua;" .. package.path
      local flow = assert(require "tabular_parts.table_flow".load "r/model.safetensors")
      local x = flow:sample(fm.ones(2000), fm.rng(1)):mean(1)
      print(("%%.0f %%.0f %%.0f %%.0f %%s"):format(x[1], x[2], x[3] / 10, x[4] / 1000, flow.names[4]))]]):format(root))
    local _, out, err = call "-q draw.lua"
    assert.equal("44 17 20 4 body_mass_g\n", out, err)
  end)

  it("says what fmrun pareto measures, in units of the columns and with the classes of the held-out rows", function()
    for _, by in ipairs { "", "species" } do
      assert.equal(0, (call(short("p" .. by, { by = by }))))
      local code, out, err = call(("pareto p%s -q --json --all --nfe 8 --solvers midpoint"):format(by))
      assert.equal(0, code, err)
      local found = assert(fm.json.decode(out))
      assert.same({ "energy distance to held-out rows", 3, 60 }, { found.name, #found.settings, found.step })
      for _, s in ipairs(found.settings) do assert.truthy(s.value > found.floor and s.value < 3, s.value) end
    end
  end)

  it("goes on after a kill with the same numbers, and with the same best weights", function()
    local others = { steps = 4000, patience = 1000, every = 10, by = "species" }
    assert.equal(0, (call(short("whole", others))))
    stopping.shell(("$FMRUN %s --checkpoint-every 20 & P=$!; while ! grep -q '\"step\":[1-9][0-9][0-9]' cut/metrics.jsonl 2>/dev/null; do "
      .. "kill -0 $P 2>/dev/null || break; sleep 0.01; done; kill -KILL $P; wait $P"):format(short("cut", others)))
    assert.falsy(stopping.exists "cut/quality.csv")
    local code, _, err = call "-q resume cut"
    assert.equal(0, code, err)
    stopping.same("whole", "cut", { "metrics.jsonl", "model.safetensors", "quality.csv", "samples.csv" })
    assert.equal(record("whole").summary.best_step, record("cut").summary.best_step)
  end)

  it("learns a table of one's own, and refuses what it cannot", function()
    local lines, rng = { "size,kind" }, fm.rng(1)
    for i = 1, 60 do lines[i + 1] = ("%.3f,%s"):format(rng:number(), i % 2 == 0 and "x" or "y") end
    stopping.write("own.csv", table.concat(lines, "\n"))
    assert.equal(0, (call(short("r", { table = "own.csv", columns = "", by = "kind" })))) -- one column has no pairs
    assert.falsy(stopping.exists "r/pairs.png")
    stopping.write("text.csv", "a,b\n1,2\n3,x\n")
    for message, others in pairs {
      ['no.csv: cannot read: No such file or directory'] = { table = "no.csv" },
      ['own.csv: csv: line 2, column 2 "kind": expected a number, found "y"'] = { table = "own.csv", columns = "" },
      ['own.csv: csv: there is no column "sise"; did you mean "size"?'] = { table = "own.csv", columns = "sise" },
      ['text.csv: csv: line 3, column 2 "b": expected a number, found "x"'] = { table = "text.csv", columns = "" },
    } do
      stopping.shell "rm -rf x"
      local code, _, err = call(short("x", others))
      assert.equal(1, code)
      assert.truthy(err:find(message, 1, true), err)
    end
  end)

  it("refuses before the first step what the comparison could not be made of", function()
    local function write(name, n, row)
      local lines = { "a,b,kind" }
      for i = 1, n do lines[i + 1] = row(i) end
      stopping.write(name, table.concat(lines, "\n"))
      return name
    end
    local function apart(i) return ("%d,%d,%s"):format(i, i * i % 7, i == 1 and "rare" or "often") end
    local function follows(i) return ("%d,%d,%s"):format(i, 2 * i, i % 2 == 0 and "x" or "y") end
    for message, others in pairs {
      ["rare: expected at least two rows to learn from, found "] = { table = write("rare.csv", 40, apart), columns = "a b", by = "kind" },
      ["gaussian: column 2 follows from those before it"] = { table = write("follows.csv", 40, follows), columns = "a b" },
      ["gaussian of x: column 2 follows from those before it"] = { table = "follows.csv", columns = "a b", by = "3" },
      ["expected at least 15 rows, found 14"] = { table = write("few.csv", 14, apart), columns = "a b" },
    } do
      stopping.shell "rm -rf x"
      others.steps = 100000
      local code, _, err = call(short("x", others))
      assert.equal(1, code)
      assert.truthy(err:find(message, 1, true), err)
      assert.falsy((stopping.exists "x/metrics.jsonl" and stopping.read "x/metrics.jsonl" or ""):find("loss", 1, true))
    end
    assert.equal(0, (call(short("y", { table = write("enough.csv", 15, apart), columns = "a b" }))))
  end)

  -- At first the network's velocity is small, so the loss of a step is that of the noise and the
  -- moved rows: 1 + 1 + jitter^2 a column.
  it("moves the rows of a step by jitter deviations", function()
    for jitter, want in pairs { [0] = 2, [3] = 11 } do
      assert.equal(0, (call(short("j" .. jitter, { jitter = jitter, steps = 20, lr = 1e-9, batch = 300, by = "" }))))
      local sum, n = 0, 0
      for line in stopping.read("j" .. jitter .. "/metrics.jsonl"):gmatch "[^\n]+" do
        local loss = assert(fm.json.decode(line)).loss
        if loss then sum, n = sum + loss, n + 1 end
      end
      assert.truthy(n > 0)
      assert.near(want, sum / n, 0.12 * want)
    end
  end)
end)
