-- The table that text_table.lua makes of runs of the experiments on texts: which runs count, what
-- their means are, and the file for the page of results.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, write <const>, root <const> = stopping.call, stopping.read, stopping.write, stopping.root .. "/experiments/"

--- Writes a run as an experiment on a text leaves it. summary: of it beside what all have.
local function made(experiment, seed, config, summary, changes)
  local run = { schema = 1, status = "done", experiment = experiment, seed = seed, seconds = 120.0, cores = 2, started = "2026-07-14T15:30:00Z",
    defaults = { text = "", judge = "", source = "mask", steps = 8 }, config = { text = "some/play.txt", judge = "runs/base", source = "mask", steps = 8 },
    summary = { entropy_1 = 4.5, entropy_2 = 3.5, entropy_2_text = 3.25, novel_4 = 0.25, novel_4_text = 0.125, words = 0.5, words_text = 0.75,
      parameters = 1000, bits = 3.0, bits_text = 2.5 } }
  for key, value in pairs(config) do run.config[key] = value end
  for key, value in pairs(summary) do run.summary[key] = value end
  for key, value in pairs(changes or {}) do run[key] = value end
  local folder = ("o/%s/%s-%d%s"):format(experiment, run.started:sub(9, 10), seed, run.config.source)
  stopping.shell("mkdir -p " .. folder)
  write(folder .. "/run.json", fm.json.encode(run))
  return folder
end

local function table_of(words)
  local code, _, err = call(("-q %stext_table.lua runs=o --folder r %s"):format(root, words or ""))
  assert.equal(0, code, err)
end

local function lines(path)
  local list = {}
  for line in read(path):gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

describe("the table of text experiments", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("has a row for each experiment and each change, means over seeds, and held-out text first", function()
    for seed = 1, 3 do
      made("text_baseline", seed, { judge = "" }, { held_out_bits = 2.0, bits_text = 2.0, entropy_2_text = 9.0 })
      made("text_discrete", seed, {}, { held_out_bits = 2.5 + seed / 2 })
      made("text_discrete", seed, { source = "uniform", steps = 9 }, { held_out_bits = 5.0 })
    end
    made("text_onehot_flow", 1, {}, {}, { seconds = 60.0 })
    table_of()
    local rows = lines "r/play.txt_quality.csv"
    assert.equal(',"held out, bits",over yardstick,"samples, bits",entropy,new 4-grams,words,parameters,minutes', rows[1])
    -- held-out text as the last row has it, not as the yardstick
    assert.equal("held-out text,,,2.5,3.25,0.125,0.75,,", rows[2])
    assert.equal("text_baseline,2 ± 0,,3 ± 0,3.5 ± 0,0.25 ± 0,0.5 ± 0,1000,2 ± 0", rows[3])
    -- 3, 3.5, 4: the mean ± 4.303 x 0.5 / sqrt 3; over 2.5 each
    assert.equal("text_discrete,3.5 ± 1.2,1.40 ± 0.50,3 ± 0,3.5 ± 0,0.25 ± 0,0.5 ± 0,1000,2 ± 0", rows[4])
    assert.equal("text_discrete source=uniform steps=9,5 ± 0,2 ± 0,3 ± 0,3.5 ± 0,0.25 ± 0,0.5 ± 0,1000,2 ± 0", rows[5])
    assert.equal("text_onehot_flow,,,3,3.5,0.25,0.5,1000,1", rows[6])
    assert.equal(6, #rows)
  end)

  it("leaves out runs that are not over, and the older of two alike; each text has a table", function()
    made("text_discrete", 1, {}, { held_out_bits = 9.0 }, { started = "2026-07-13T15:30:00Z" })
    made("text_discrete", 1, {}, { held_out_bits = 3.0 })
    made("text_discrete", 2, {}, { held_out_bits = 8.0 }, { status = "failed" })
    made("text_discrete", 3, { text = "other.txt" }, { held_out_bits = 4.0 })
    made("toy_discrete", 1, {}, { held_out_bits = 7.0 })
    made("text_discrete", 1, { judge = "" }, { held_out_bits = 6.0 }, { started = "2026-07-16T15:30:00Z", summary = { entropy_1 = 1.0, held_out_bits = 6.0 } })
    table_of "out=a.json"
    assert.truthy(lines "r/play.txt_quality.csv"[3]:find("text_discrete,3,", 1, true))
    assert.truthy(lines "r/other.txt_quality.csv"[3]:find("text_discrete,4,", 1, true))
    local out = assert(fm.json.decode(read "a.json"))
    assert.same({ "2 runs, made on 2026-07-14, by fmrun ?; left out: 1 failed, 2 made again.",
      "fmrun -m experiments/text_discrete.lua text=other.txt judge=base seed=3",
      "fmrun -m experiments/text_discrete.lua text=play.txt judge=base seed=1" }, out.notes)
    assert.same({ 240.0, 2, "Text flows, other.txt", "Text flows, play.txt" }, { out.seconds, #out.tables, out.tables[1].title, out.tables[2].title })
  end)

  it("keeps texts of one name in two folders apart", function()
    made("text_discrete", 1, { text = "a/play.txt" }, { held_out_bits = 3.0 })
    made("text_discrete", 2, { text = "b/play.txt" }, { held_out_bits = 5.0 })
    table_of()
    assert.truthy(lines "r/play.txt_quality.csv"[3]:find("text_discrete,3,", 1, true))
    assert.truthy(lines "r/play.txt-2_quality.csv"[3]:find("text_discrete,5,", 1, true))
  end)

  it("shows the first samples of the first seed", function()
    for seed = 3, 2, -1 do
      write(made("text_discrete", seed, {}, {}) .. "/samples.csv", ('text\n"said ""%d"", and"\nplain\nthird\n'):format(seed))
    end
    table_of "samples=2"
    assert.same({ "of,text", 'text_discrete,"said ""2"", and"', "text_discrete,plain" }, lines "r/play.txt_samples.csv")
    stopping.shell "rm -rf r"
    table_of "samples=0"
    assert.falsy(stopping.exists "r/play.txt_samples.csv")
  end)

  it("says that there is no run", function()
    stopping.shell "mkdir o"
    local code, _, err = call(("-q %stext_table.lua runs=o --folder r"):format(root))
    assert.equal(1, code)
    assert.truthy(err:find("text_table: no run of an experiment on a text is over in o", 1, true), err)
  end)
end)
