-- What all text experiments measure of samples, each beside the same of as many held-out windows
-- (NAME_text; bits_text is of all of them):
--   entropy_1, entropy_2   bits of a character, and of one whose predecessor is known
--   novel_4, novel_8       the share of 4-grams and 8-grams that the training text does not have
--   words                  the share of whole words that it has
--   bits                   per character under the judge, a model of text_baseline.lua: low for
--                          text that it expects, also for one that repeats itself, which the
--                          entropies show
-- They are results of the run, and two tables of it: quality and samples.
local judge <const>, measures <const> = require "text_parts.judge", require "text_parts.measures"

local shown <const> = 12

local names <const> = {
  { "entropy_1", "entropy of a character, bits" }, { "entropy_2", "the same after a known one, bits" }, { "novel_4", "new 4-grams" },
  { "novel_8", "new 8-grams" }, { "words", "known words" }, { "bits", "bits per character under the judge" },
}

--- A text on one line.
local function on_one_line(list)
  return (table.concat(list):gsub("\r?\n", " ↵ "):gsub("%c", " "))
end

local function rows_of(text, ids)
  local list = {}
  for i = 1, #ids do list[i] = text.characters(ids[i]) end
  return list
end

--- { name -> value of the samples, name_text -> of held-out windows }
local function counted(text, samples, held_out)
  local found, train = {}, text.characters(text.train)
  found.entropy_1, found.entropy_2 = measures.entropies(samples)
  found.entropy_1_text, found.entropy_2_text = measures.entropies(held_out)
  for _, n in ipairs { 4, 8 } do
    found["novel_" .. n], found["novel_" .. n .. "_text"] = measures.novel(train, n, samples, held_out)
  end
  local set <const> = measures.words(train)
  found.words, found.words_text = measures.known(samples, set), measures.known(held_out, set)
  return found
end

--- Adds the bits of both under a judge: bits(ids) -> [n].
local function judged(found, bits, ids, windows)
  for name, rows in pairs { bits = ids, bits_text = windows } do
    local each = bits(rows)
    found[name] = each:mean():item()
    if #rows > 1 then found[name .. "_error"] = (each:var { unbiased = true }:item() / #rows) ^ 0.5 end
  end
end

--- Results, tables and lines of a run.
local function report(run, found, samples)
  run:summary(found)
  local rows, lines = {}, {}
  for _, name in ipairs(names) do
    local value, of_text = found[name[1]], found[name[1] .. "_text"]
    if value or of_text then rows[#rows + 1] = { name[2], value or 0 / 0, of_text or 0 / 0 } end
  end
  for i = 1, math.min(shown, #samples) do lines[i] = { on_one_line(samples[i]) } end
  run:table("quality", { title = "Samples beside held-out text", columns = { "", "samples", "held-out text" }, rows = rows })
  run:table("samples", { title = "Samples", columns = { "text" }, rows = lines })
  for i = 1, math.min(shown // 2, #samples) do run:print(("--- sample %d ---\n%s"):format(i, table.concat(samples[i]))) end
  for _, row in ipairs(rows) do run:print(("%-36s %.4g, held-out text %.4g"):format(row[1], row[2], row[3])) end
end

--- evaluation(run, text, by) -> evaluate(ids [n, length] of samples), which returns what it
--- measured. by: the judge, a file, a run's folder, "" for none, or a function bits(ids); text: see
--- texts.lua. Made before the training, so that a judge that does not fit is refused then.
return function(run, text, by)
  if by == "" then by = nil end
  if type(by) == "string" then by = judge.load(by, text) end
  return function(ids)
    ids = ids[{ 1, math.min(#ids, #text.windows) }] -- of more samples than windows the entropies would be higher
    local samples <const> = rows_of(text, ids)
    local found <const> = counted(text, samples, rows_of(text, text.spread(#ids)))
    if by then judged(found, by, ids, text.windows) end
    report(run, found, samples)
    return found
  end
end
