-- What is trained on texts and judges them (experiments/text_parts): a training, the judge's file,
-- bits a block at a time, new n-grams for fmrun pareto.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local checks <const> = dofile "tests/lua/checks.lua"
local optim <const> = fm.optim

describe("text models", function()
  local former <const>, bits <const>, parts, folder = package.path, fm.discrete.bits, {}, nil
  local size <const> = { length = 4, dim = 4, heads = 2, layers = 1 }
  setup(function()
    package.path = "experiments/?.lua;" .. former
    for _, name in ipairs { "bits_of", "evaluation", "judge", "language_model", "new_grams", "texts", "trained" } do
      parts[name] = require("text_parts." .. name)
    end
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    parts.language_model.bits(parts.language_model.new(2, size), fm.ones(1, 2), 2) -- loads what stays
    parts.texts(("ab\n"):rep(20), 2)
  end)
  teardown(function()
    package.path = former
    assert(os.execute(("rm -r '%s'"):format(folder)))
    for name in pairs(package.loaded) do
      if name:find "^text_parts%." then package.loaded[name] = nil end
    end
  end)
  after_each(function() fm.discrete.bits = bits end)
  checks.no_bytes_stay(before_each, after_each)

  it("say why a file is no text", function()
    local path <const> = folder .. "/bad.txt"
    assert(fm.file.write(path, "good\nbad \xff\n"))
    local _, message <const> = fm.data.characters(path)
    assert.same({ false, message }, { pcall(parts.texts, path, 2) })
    assert.truthy(message:find(path, 1, true), message)
    checks.raises_text("\n\n: expected two kinds of characters or more, found 1", parts.texts, "\n\n", 1)
    assert(fm.file.write(path, "ab"))
    checks.raises_text(path .. ": 0 characters are held out, fewer than length = 1; a longer text or a shorter length would do", parts.texts, path, 1)
  end)

  it("have bits of all rows by blocks of nearly one size, and the error of their mean", function()
    local seen
    local model <const>, o <const> = {}, {}
    fm.discrete.bits = function(its_model, some, its_o)
      assert.equal(model, its_model)
      assert.equal(o, its_o)
      seen[#seen + 1] = ("%d-%d"):format(some:min():item(), some:max():item())
      return some:mean():item(), #some > 1 and #some / 10 or nil
    end
    for n, wanted in pairs { [1] = "1-1", [64] = "1-64", [65] = "1-32 33-65", [130] = "1-43 44-86 87-130" } do
      seen = {}
      local mean, err = parts.bits_of(model, fm.range(1, n):reshape(n, 1), o)
      assert.equal(wanted, table.concat(seen, " "))
      assert.near((n + 1) / 2, mean, 1e-4)
      local square = 0
      for first, last in wanted:gmatch "(%d+)-(%d+)" do
        local count <const> = last - first + 1
        square = square + (count > 1 and count ^ 2 / 10 or 0) ^ 2
      end
      assert.near(square ^ 0.5 / n, err, 1e-6)
    end
  end)

  it("ask for new 4-grams of samples, and of 50 windows of held-out text as the floor", function()
    local asked
    local text <const> = { train = 1, characters = function(ids)
      local list = {}
      for c in (ids == 1 and "abcde" or ids):gmatch "." do list[#list + 1] = c end
      return list
    end, spread = function(n)
      asked = n
      return { "abcdx" }
    end }
    local what <const> = parts.new_grams.of(text)
    assert.equal("new 4-grams", what.name)
    assert.equal(0.4, what.metric { "abcde", "bcdxe", "bcde" }) -- two of five
    assert.equal(0.5, what.floor())
    assert.equal(50, asked)
    assert.equal(1, parts.new_grams.of(text, function(x) return { x } end).metric "xxxx")
  end)

  local text <const> = "ab cd\n"

  it("keep a judge in a file, which tells the bits of rows", function()
    local texts <const>, run <const> = parts.texts(text:rep(20), 3), { path = function(_, name) return folder .. "/" .. name end }
    fm.nn.seed(1)
    local model <const> = parts.language_model.new(6, size)
    local rng <const> = fm.rng(2)
    for _, w in ipairs(model:parameters()) do w:copy(rng:normal(w:shape()) * 0.5) end
    parts.judge.save(run, model, texts, size)
    local ids <const> = rng:integers({ 40, 3 }, 1, 6)
    local wanted <const> = parts.language_model.bits(model, ids, 6)
    local path <const> = folder .. "/judge.safetensors"
    for _, name in ipairs { folder, path } do checks.same(wanted, parts.judge.load(name, texts)(ids)) end
    assert.equal(40, #wanted)

    local state, about = fm.load(path)
    assert.same({ names = '["\\n"," ","a","b","c","d"]', text = texts.digest, length = "4", dim = "4", heads = "2", layers = "1" }, about)
    local function refused(message, its_text, changes, weight)
      local copy, weights = {}, {}
      for key, value in pairs(about) do copy[key] = value end
      for key, value in pairs(changes or {}) do copy[key] = value or nil end
      for key, w in pairs(state) do weights[key] = w end
      if weight then
        local name, w = next(weights)
        weights[name] = w:clone()
        weights[name]:reshape(-1)[{ w:count(), w:count() }] = weight
        message = message:format(name)
      end
      assert(fm.save(path, weights, copy))
      local ok, found = pcall(parts.judge.load, folder, its_text or texts)
      assert.is_false(ok)
      assert.equal(path .. ": " .. message, tostring(found):gsub("^[^:]*%.lua:%d+: ", ""):sub(1, #path + 2 + #message))
    end
    for _, key in ipairs { "names", "text", "length", "dim", "heads", "layers" } do
      refused("expected a file of experiments/text_baseline.lua", nil, { [key] = false })
    end
    refused("expected a file of experiments/text_baseline.lua", nil, { names = "5" })
    refused("expected a file of experiments/text_baseline.lua", nil, { dim = "4.5" })
    refused('the judge does not know the character "e"; it has to be trained on the same text', parts.texts(("ab cde\n"):rep(20), 3))
    refused("the judge was trained on another text; it has to be the same", parts.texts(text:rep(21), 3))
    refused("the judge reads 4 characters, samples have 5", parts.texts(text:rep(20), 5))
    refused("its sizes and its weights do not fit: ", nil, { dim = "6" })
    for _, value in ipairs { 0 / 0, math.huge, -math.huge } do refused("%s: expected finite numbers", nil, nil, value) end
    assert(fm.save(path, state, about))
    checks.same(wanted, parts.judge.load(folder, parts.texts(text:rep(20), 4))(ids)) -- as many as it reads

    -- an evaluation asks it
    local found
    local told <const> = { summary = function(_, values) found = values end, table = function() end, print = function() end }
    parts.evaluation(told, texts, folder)(texts.windows[{ 1, 2 }])
    assert.near(wanted and parts.language_model.bits(model, texts.windows[{ 1, 2 }], 6):mean():item(), found.bits, 1e-9)
    os.remove(path)
    assert.same({ false, path .. ": cannot read: No such file or directory" }, { pcall(parts.judge.load, folder, texts) })
    checks.raises_text(path .. ": cannot read: No such file or directory", parts.evaluation, told, texts, path)
  end)

  --- A run that goes through all steps and writes down what it is told.
  local function run_of()
    local told <const> = { lines = {}, logged = {} }
    return { rng = fm.rng(3), print = function(_, line) table.insert(told.lines, line) end, summary = function(_, values) told.summary = values end,
      keeps = function(_, list) told.keeps = list end, log = function(_, values) table.insert(told.logged, values) end, steps = function(_, n, source)
        local k = 0
        return function()
          k = k + 1
          if k <= n then return k, source() or source() end -- a round ends with nil
        end
      end }, told
  end

  it("are trained on windows of a text: AdamW along half a cosine after a warm-up, with the average of the weights", function()
    local p <const> = { steps = 59, lr = 0.3, decay = 0.9, length = 3, batch = 5, checks = 3 }
    local texts <const> = { train = fm.rng(1):integers(60, 1, 4), held_out = fm.ones(7), names = { "a", "b", "c", "d" } }
    local function model_of() return fm.nn.linear(3, 2, { init = "zero" }) end
    local function loss_of(model, ids) return (model(ids) - fm.tensor { 40, -9 }):square():mean() end
    local run, told = run_of()
    local model <const>, at = model_of(), {}
    local average <const> = parts.trained(run, p, texts, model, function(ids) return loss_of(model, ids), { first = ids[{ 1, { 1, 1 } }] } end, function()
      at[#at + 1] = ("%d %.5g"):format(#told.logged, model.bias[1])
    end)
    assert.same({ "60 characters to train with, 7 held out, 4 kinds; 8 parameters" }, told.lines)
    assert.same({ { parameters = 8 }, 59 }, { told.summary, #told.logged })
    assert.same({ average, model, true }, { told.keeps.average, told.keeps.model, told.keeps.opt ~= nil })
    -- the same by hand
    local other <const> = model_of()
    local opt <const> = optim.adamw(other, { lr = optim.cosine { lr = 0.3, steps = 59, warmup = 2 }, betas = { 0.9, 0.98 } })
    local ema <const>, wanted = optim.ema(other, { decay = 0.9, warmup = true }), {}
    local windows <const> = fm.data.windows(texts.train, 3, { size = 5, rng = fm.rng(3):stream "windows" })
    for k = 1, 59 do
      local ids <const> = windows() or windows()
      assert.same({ loss = opt:step(function() return loss_of(other, ids) end, { clip = 1 }), first = ids[{ 1, { 1, 1 } }]:item() }, told.logged[k])
      ema:update()
      if k == 20 or k == 40 or k == 59 then ema:swap(function() wanted[#wanted + 1] = ("%d %.5g"):format(k, other.bias[1]) end) end
    end
    assert.same(wanted, at)
    checks.same(other.weight, model.weight)
    run, told = run_of()
    local plain <const> = model_of()
    parts.trained(run, p, texts, plain, function(ids) return loss_of(plain, ids) end)
    checks.same(other.weight, plain.weight)
    assert.is_nil(told.logged[1].first)
  end)
end)
