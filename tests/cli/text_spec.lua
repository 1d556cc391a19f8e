-- The experiments over texts: a yardstick, and flows whose samples it judges.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const>, stopping <const> = require "cli.shell", require "cli.stopping"

local call <const>, record <const>, root <const> = stopping.call, stopping.record, stopping.root .. "/experiments/"

--- The words of a short run of an experiment, some of them others.
local function short(name, folder, others)
  local all = { text = stopping.root .. "/datasets/corpus.txt", steps = 24, length = 16, dim = 8, heads = 2, layers = 1, batch = 4, samples = 8 }
  for key, value in pairs(others or {}) do all[key] = value end
  local words = { "-q --threads 1 --folder", folder, root .. name .. ".lua" }
  for key, value in pairs(all) do words[#words + 1] = ("%s=%s"):format(key, value) end
  return table.concat(words, " ")
end

-- Those that say so by the parameters they share.
local function flows()
  local list = {}
  for name in lfs.dir(root) do
    local text = name:find "%.lua$" and assert(fm.file.read(root .. name)) or ""
    if text:find("params.flow", 1, true) then list[#list + 1] = name:match "^(.*)%.lua$" end
  end
  table.sort(list)
  return list
end

local function check_results(run, judged)
  local s = run.summary
  for _, name in ipairs { "entropy_1", "entropy_2", "novel_4", "novel_8" } do
    for _, suffix in ipairs { "", "_text" } do assert.truthy(s[name .. suffix] >= 0 and s[name .. suffix] < 8, name .. suffix) end
  end
  assert.truthy(s.entropy_2_text < s.entropy_1_text and s.words_text > 0.8)
  assert.equal(judged, s.bits ~= nil and s.bits > 1 and s.bits_text > 1 and s.bits_error >= 0) -- samples may all be alike after so few steps
  assert.truthy(run.tables["quality.csv"] and run.tables["samples.csv"])
end

describe("experiments over texts", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("measure a yardstick and have samples of every flow judged by it", function()
    local code, out, err = call(short("text_baseline", "base", { checks = 2 }))
    assert.equal(0, code, err)
    assert.truthy(out:find("sample 1", 1, true) and out:find("bits per character under the judge", 1, true), out)
    local base = record "base"
    check_results(base, true)
    -- near the uniform distribution still
    assert.near(math.log(25, 2), base.summary.held_out_bits, 0.8)
    assert.equal(9, select(2, stopping.read "base/samples.csv":gsub("\n", "")))
    local list = flows()
    assert.truthy(#list >= 3)
    for _, name in ipairs(list) do
      code, out, err = call(short(name, name, { judge = "base", euler = 4 }))
      assert.equal(0, code, name .. ": " .. err)
      assert.truthy(out:find("under the judge", 1, true))
      check_results(record(name), true)
    end
    code, out, err = call(short(list[1], "alone"))
    assert.equal(0, code, err)
    assert.falsy(out:find("under the judge", 1, true))
    check_results(record "alone", false)
  end)

  it("say what fmrun pareto measures: new 4-grams, which are those of the run's own samples", function()
    for _, name in ipairs(flows()) do
      assert.equal(0, (call(short(name, name, { euler = 4 }))))
      local code, out, err = call(("pareto %s -q --json --all --nfe 4"):format(name))
      assert.equal(0, code, name .. ": " .. err)
      local found = assert(fm.json.decode(out))
      local last = found.settings[3]
      assert.same({ "new 4-grams", 3, "steps", 4, 4 }, { found.name, #found.settings, last.method, last.steps, last.nfe }, name)
      assert.truthy(found.floor > 0 and found.floor < 1)
      if name == "text_embedding_flow" or name == "text_data_flow" then
        assert.equal(record(name).summary.novel_4, last.value, name) -- the same noise
      else
        assert.truthy(last.value >= 0 and last.value <= 1)
      end
    end
  end)

  it("refuse a text of one character, and do without gaps and errors where there are none", function()
    stopping.write("ones.txt", ("aaaa"):rep(900))
    local code, _, err = call(short("text_onehot_flow", "x", { text = "ones.txt" }))
    assert.equal(1, code)
    assert.truthy(err:find("ones.txt: expected two kinds of characters or more, found 1", 1, true), err)
    stopping.write("few.txt", ("ab\n"):rep(60)) -- one held-out window
    assert.equal(0, (call(short("text_baseline", "base", { text = "few.txt", samples = 4 }))))
    local s = record "base".summary
    assert.truthy(s.held_out_bits > 0)
    assert.is_nil(s.held_out_bits_error)
    assert.is_nil(s.bits_error) -- of four samples one is measured, as there is one window
    assert.equal(0, (call(short("text_discrete", "d", { length = 8, power = 0.5 }))))
    assert.is_nil(record "d".summary.infilled)
    assert.equal(0, (call(short("text_discrete", "e", { length = 9 }))))
    assert.truthy(record "e".summary.infilled >= 0)
  end)

  it("measure what rounding changes where embeddings are rounded", function()
    for _, name in ipairs { "text_embedding_flow", "text_data_flow" } do
      assert.equal(0, (call(short(name, name, { euler = 1 })))) -- one step is enough
      local s = record(name).summary
      assert.truthy(s.rounding_changed >= 0 and s.rounding_changed <= 1 and s.rounding_distance > 0, name)
      assert.truthy(stopping.read(name .. "/metrics.jsonl"):find '"cross_entropy":[%d.]+,"flow_loss":[%d.]+')
    end
  end)

  it("go on after a kill with the same numbers", function()
    for _, name in ipairs(flows()) do
      local others = { euler = 2, steps = 300 }
      assert.equal(0, (call(short(name, "whole", others))))
      stopping.shell(("$FMRUN %s --checkpoint-every 20 & P=$!; while ! grep -q '\"step\":[12][0-9][0-9]' cut/metrics.jsonl 2>/dev/null; do "
        .. "kill -0 $P 2>/dev/null || break; sleep 0.01; done; kill -KILL $P; wait $P"):format(short(name, "cut", others)))
      local code, _, err = call "-q resume cut"
      assert.equal(0, code, name .. ": " .. err)
      stopping.same("whole", "cut", { "metrics.jsonl", "samples.csv" })
      stopping.shell "rm -rf whole cut"
    end
  end)

  it("compare samples of a flow over words with their floor, over several draws", function()
    local words = "-q --threads 1 --folder %s %stext_embeddings.lua corpus=%s/datasets/corpus.txt steps=%d hidden=64 dim=8 tests=2 seed=3"
    local energies = {}
    for i, steps in ipairs { 1, 400 } do
      local code, out, err = call(words:format("words" .. i, root, stopping.root, steps))
      assert.equal(0, code, err)
      assert.truthy(out:find("samples decode to: %l+ %l+"))
      local s = record("words" .. i).summary
      for _, name in ipairs { "energy", "energy_floor", "w2", "w2_floor" } do assert.truthy(s[name] > 0 and s[name .. "_deviation"] > 0, name) end
      assert.truthy(s.nearest_cosine < 1 and s.on_word >= 0 and s.on_word <= 1 and s.words_hit >= s.on_word / s.words)
      energies[i] = s.energy / s.energy_floor
    end
    assert.truthy(energies[1] > 4 and energies[2] < 0.5 * energies[1], table.concat(energies, " "))
  end)

  it("refuse a judge of another text, of shorter windows, and a file that is none", function()
    assert.equal(0, (call(short("text_baseline", "base"))))
    local state, about = fm.load(shell.folder .. "/base/judge.safetensors")
    local function spoiled(name, changes, first)
      local copy, weights = {}, {}
      for key, value in pairs(about) do copy[key] = value end
      for key, value in pairs(changes) do copy[key] = value or nil end
      for key, w in pairs(state) do weights[key] = first and w * first or w end
      assert(fm.save(("%s/%s.safetensors"):format(shell.folder, name), weights, copy))
      return name .. ".safetensors"
    end
    local corpus = assert(fm.file.read(stopping.root .. "/datasets/corpus.txt"))
    stopping.write("half.txt", corpus:sub(1, #corpus // 2))
    stopping.write("other.txt", ("a line of text\n"):rep(50))
    stopping.write("more.txt", ("die Straße\n"):rep(50))
    local refused = {
      { { text = "other.txt" }, "base/judge.safetensors: the judge was trained on another text; it has to be the same" },
      { { text = "half.txt" }, "base/judge.safetensors: the judge was trained on another text; it has to be the same" },
      { { text = "more.txt" }, 'base/judge.safetensors: the judge does not know the character "S"; it has to be trained on the same text' },
      { { length = 17 }, "base/judge.safetensors: the judge reads 16 characters, samples have 17" },
      { { judge = "nowhere" }, "nowhere/judge.safetensors" },
      { { judge = "base/checkpoint.safetensors" }, "base/checkpoint.safetensors: expected a file of experiments/text_baseline.lua" },
      { { judge = spoiled("a", { length = "abc" }) }, "a.safetensors: expected a file of experiments/text_baseline.lua" },
      { { judge = spoiled("b", { names = "5" }) }, "b.safetensors: expected a file of experiments/text_baseline.lua" },
      { { judge = spoiled("c", { names = "[" }) }, "c.safetensors: expected a file of experiments/text_baseline.lua" },
      { { judge = spoiled("d", { text = false }) }, "d.safetensors: expected a file of experiments/text_baseline.lua" },
      { { judge = spoiled("e", { dim = "6" }) }, "e.safetensors: its sizes and its weights do not fit: " },
      { { judge = spoiled("f", {}, 0 / 0) }, ": expected finite numbers" },
    }
    for _, case in ipairs(refused) do
      local others = case[1]
      others.judge = others.judge or "base"
      stopping.shell "rm -rf x"
      local code, _, err = call(short("text_onehot_flow", "x", others))
      assert.equal(1, code)
      assert.truthy(err:find(case[2], 1, true), err)
      assert.falsy(stopping.exists "x/samples.csv") -- before the training
    end
  end)
end)
