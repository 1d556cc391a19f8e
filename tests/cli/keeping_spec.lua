-- Methods of a run: checkpoints, early stopping, validation, paired draws.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, read <const>, exists <const>, record <const>, experiment <const>, path <const> =
  stopping.shell, stopping.call, stopping.read, stopping.exists, stopping.record, stopping.experiment, stopping.path

describe("a run", function()
  before_each(stopping.open)
  after_each(stopping.close)

  describe("keeps", function()
    it("the last checkpoints of every N steps, and the best by a metric", function()
      experiment("x.lua", [[
        local w = fm.zeros(1)
        run:keeps { w = w }
        run:checkpoints { every = 10, keep_last = 2, best = "score", mode = "max" }
        for step in run:steps(p.steps) do
          w:fill(step)
          run:log { score = -(step - 23) ^ 2 }
        end]])
      assert.equal(0, (call "-q x.lua --folder r"))
      local steps = {}
      for step = 10, 40, 10 do steps[#steps + 1] = exists(("r/checkpoint-step-%d.safetensors"):format(step)) end
      assert.same({ false, false, true, true }, steps)
      local best, metadata = assert(fm.load(path "r/checkpoint-best.safetensors"))
      assert.same({ 23, "23" }, { best.w[1], metadata["fm.step"] })
      assert.same({ step = 23, value = 0.0 }, { step = record "r".best.step, value = record "r".best.value + 0.0 })
      assert.equal(0, (call "-q x.lua --folder s --checkpoint-every 0 --keep-last 0"))
      assert.is_false(exists "s/checkpoint-step-40.safetensors")
      assert.equal(0, (call "-q x.lua --folder t --keep-last 1")) -- every is the script's
      assert.same({ false, true }, { exists "t/checkpoint-step-30.safetensors", exists "t/checkpoint-step-40.safetensors" })
    end)

    it("no last checkpoints where nobody says every how many steps: one line before step 1", function()
      experiment("x.lua", "run:keeps { n = { 1 } } for _ in run:steps(3) do end")
      local code, _, err = call "-q x.lua --folder r --keep-last 2"
      assert.same({ 1, "fmrun: --keep-last needs --checkpoint-every, the steps at which it keeps\n" }, { code, err })
      assert.equal("failed", record "r".status)
    end)

    it("what cannot be kept as an error at its line", function()
      for body, message in pairs {
        ["run:keeps { a = { f = print } }"] = "keeps: a.f is a function",
        ["run:keeps { a = { [{}] = 1 } }"] = "keys are strings or whole numbers",
        ["run:checkpoints { evry = 1 }"] = 'unknown option "evry"; did you mean "every"?',
        ["run:checkpoints { keep_last = 1 }"] = "keep_last needs every",
        ["run:checkpoints { best = 3 }"] = "checkpoints: best: expected the name of a logged number, found 3",
        ["run:checkpoints { mode = 'least' }"] = 'checkpoints: mode: unknown name "least"',
        ["run:stop_when { patience = 3 }"] = "metric: expected the name of a logged number",
        ["run:stop_when { metric = 'm' } for _ in run:steps(1) do run:log { m = 'low' } end"] =
          'stop_when: metric: m: expected numbers to be logged, found "low"',
        ["run:checkpoints { best = 'm' } for _ in run:steps(1) do run:log { m = true } end"] =
          "checkpoints: best: m: expected numbers to be logged, found true",
      } do
        experiment("x.lua", body)
        local code, _, err = call "-q x.lua -o o"
        assert.equal(1, code)
        assert.truthy(err:find(message, 1, true), err)
        assert.truthy(err:find("fmrun: x.lua:4: ", 1, true), err)
      end
    end)

    it("nothing without room: one line before step 1", function()
      experiment("x.lua", [[
        run:keeps { w = fm.zeros(300, 1000) }
        for _ in run:steps(p.steps) do print "stepped" end]])
      local code, out, err = shell "ulimit -f 600; $FMRUN -q x.lua --folder r"
      assert.equal(1, code)
      assert.equal("", out)
      assert.truthy(err:find("there is no room for checkpoints", 1, true), err)
      assert.truthy(#err < 300, err)
    end)
  end)

  describe("in Lua", function()
    it("ends a loop when a metric gets no better", function()
      experiment("x.lua", [[
        run:stop_when { metric = "valid", patience = 4, min_delta = 0.5 }
        for step in run:steps(p.steps) do run:log { valid = step < 10 and 100 - step or 91 - step / 100 } end
        local first = run.step
        for _ in run:steps(5) do run:log { valid = 0 } end
        run:summary { first = first, last = run.step }]])
      local code, _, err = call "x.lua --folder r"
      assert.equal(0, code, err)
      assert.same({ first = 13, last = 18 }, record "r".summary)
      assert.truthy(err:find("stops at step 13: valid has been no better than 91, at step 9, for 4 logs", 1, true), err)
    end)

    it("gives a validation the same draws each time, without a trace in others", function()
      experiment("x.lua", [[
        local model = fm.nn.dropout(0.5)
        for step in run:steps(3) do
          local drawn = p.validate and run:validation(function(rng) return rng:normal(3):sum() + rng:uniform(2):sum() end) or 0
          local mode = run:validation(function() return model.training and 1 or 0 end, model)
          run:log { drawn = drawn, mode = mode, training = model.training, next = run.rng:number() }
        end]], "validate = true,")
      assert.equal(0, (call "-q x.lua --folder a"))
      assert.equal(0, (call "-q x.lua --folder b validate=false"))
      local a, b = {}, {}
      for line in read "a/metrics.jsonl":gmatch "[^\n]+" do a[#a + 1] = assert(fm.json.decode(line)) end
      for line in read "b/metrics.jsonl":gmatch "[^\n]+" do b[#b + 1] = assert(fm.json.decode(line)) end
      for i = 1, 3 do
        assert.equal(a[1].drawn, a[i].drawn)
        assert.equal(b[i].next, a[i].next)
        assert.same({ 0, true }, { a[i].mode, a[i].training })
      end
      assert.not_equal(a[1].next, a[2].next)
    end)

    it("draws the same numbers for the same seed, whatever else differs: the arms of a sweep are paired", function()
      experiment("x.lua", [[
        local truth = fm.data.moons { n = 300, noise = 0.1, rng = run.rng:stream "data" }
        local model = fm.nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
        local opt = fm.optim[p.kind](model, { lr = p.lr })
        local function spy(x, t)
          run:log { x = x:sum(), t = t:sum() }
          return model(x, t)
        end
        run:log { weights = model:parameters()[1]:sum() }
        for _, x1 in run:steps(5, fm.data.batches(truth, 64, { rng = run.rng:stream "batches" })) do
          opt:step(function() return fm.flow.loss(spy, x1, { rng = run.rng }) end)
        end]], 'kind = "adam", lr = 0.1,')
      assert.equal(0, (call "-q x.lua --folder a"))
      assert.equal(0, (call "-q x.lua --folder b kind=sgd lr=0.5"))
      assert.equal(0, (call "-q x.lua --folder c seed=1"))
      assert.equal(read "a/metrics.jsonl", read "b/metrics.jsonl")
      assert.not_equal(read "a/metrics.jsonl", read "c/metrics.jsonl")
    end)
  end)
end)
