-- What a card says in words: numbers with their errors, verdicts, and facts about its runs; for the
-- terminal and for the page of results.
local card_result <const> = require "fm.records.card_result"
local machine <const> = require "fm.cli.machine"
local short <const> = require "fm.parts.short"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local card_words <const> = {}

local function decimals_of(value)
  return #(short.exact(value):match "%.(%d+)$" or "")
end

--- A published number with the digits that it was published with: "0.072 ± 0.025".
function card_words.published(pair)
  if not pair then return "" end
  local value, deviation = pair[1], pair[2]
  if short.exact(value):find "e" or not deviation or short.exact(deviation):find "e" then
    return short.exact(value) .. (deviation and " ± " .. short.exact(deviation) or "")
  end
  local format = ("%%.%df"):format(math.max(decimals_of(value), decimals_of(deviation)))
  return (format .. " ± " .. format):format(value, deviation)
end

--- The mean and half of its interval: "0.0776 ± 0.0031".
function card_words.measured(cell)
  local found = cell.measured
  if not found.mean then return "" end
  local mean, spread = words.spread(found.mean, found.half)
  return mean .. (spread or "")
end

--- A deviation or a floor: with two digits.
function card_words.rough(value)
  return value and ("%.2g"):format(value):gsub("e([+-])0+", "e%1") or ""
end

--- "reproduced", with "(~)" when the mean is outside the error bar; "3 of 5 seeds" before all
--- are done; "one seed", which has no verdict; "" without a published number. A number that runs
--- did not report, or that is not finite, is told.
function card_words.verdict(cell)
  if cell.done < cell.wanted then return ("%d of %d seeds"):format(cell.done, cell.wanted) end
  if not cell.verdict then return cell.published and "one seed" or "" end
  if cell.bad > 0 then return ("%s (no number in %d)"):format(cell.verdict, cell.bad) end
  return cell.why == "intervals overlap" and "reproduced (~)" or cell.verdict
end

--- How many runs had another text of the script than the one that the result names; "" for none.
function card_words.versions(result)
  local others = 0
  for _, row in ipairs(result.rows) do
    for _, run in ipairs(row.runs) do others = others + (run.code ~= result.digest and 1 or 0) end
  end
  return others > 0 and ("The script of %s had another text then."):format(words.count(others, "run")) or ""
end

--- What the runs say of themselves under a name, "0.1.0 (3 runs), not known (1 run)": how many
--- only where they differ.
local function said_by_runs(result, name, mark)
  local counts = {}
  for _, row in ipairs(result.rows) do
    for _, run in ipairs(row.runs) do
      local value = run[name] and mark(run[name]) or "not known"
      counts[value] = (counts[value] or 0) + 1
    end
  end
  local list = sorted_keys(counts)
  if #list <= 1 then return list[1] or "not known" end
  for i, value in ipairs(list) do list[i] = ("%s (%s)"):format(value, words.count(counts[value], "run")) end
  return table.concat(list, ", ")
end

--- What the runs were made with: "fmrun 0.1.0; digest of the data: 5ba2ac1c155ea611". mark(text): a
--- digest as it is to be shown. The commit is told where a run has one.
function card_words.origin(result, mark)
  local text = ("fmrun %s; digest of the data: %s"):format(said_by_runs(result, "fmrun", tostring), said_by_runs(result, "data", mark))
  local commit = said_by_runs(result, "commit", mark)
  return commit == "not known" and text or ("%s; commit: %s"):format(text, commit)
end

--- Why rows came out otherwise than published, a list of { row, text }; those that are not
--- reproduced and have no explanation come last, together.
function card_words.reasons(result)
  local list, open = {}, {}
  for _, row in ipairs(result.rows) do
    local differs = card_result.differs(result, row)
    if differs and row.because then
      list[#list + 1] = { row.name, row.because }
    elseif differs == "not reproduced" then
      open[#open + 1] = row.name
    end
  end
  if #open > 0 then list[#list + 1] = { "no explanation yet", table.concat(open, "; ") } end
  return list
end

card_words.colors = { reproduced = "green", better = "green", ["not reproduced"] = "red", ["too uncertain"] = "yellow" }

function card_words.column(column)
  return ("%s (%s, %s is better)"):format(column.label, column.key, column.better)
end

--- How the columns of numbers are to be read.
function card_words.legend(result)
  local over = words.count(result.seeds, "seed")
  return ("measured is the mean ± half of its 95 %% interval over %s (Student's t), STD their deviation, floor the metric between two true samples; "
    .. "(~): the intervals overlap, and the mean is outside of the published one; too uncertain: they overlap, and half of the measured one is more than "
    .. "twice the published error and than half of the value"):format(over)
end

--- "reproduced 12, better 2, not reproduced 2, too uncertain 1, 3 without a verdict": of all
--- numbers of a card.
function card_words.count(result)
  local counts, without = {}, 0
  for _, column in ipairs(result.results) do
    for _, row in ipairs(result.rows) do
      local found = card_result.cell(result, row, column).verdict
      if found then counts[found] = (counts[found] or 0) + 1 else without = without + 1 end
    end
  end
  local parts = {}
  for _, word in ipairs { "reproduced", "better", "not reproduced", "too uncertain" } do
    if counts[word] then parts[#parts + 1] = ("%s %d"):format(word, counts[word]) end
  end
  if without > 0 then parts[#parts + 1] = ("%d without a verdict"):format(without) end
  return table.concat(parts, ", ")
end

--- "5 runs, 18m04s in all, median 3m36s a run; MACHINE"; nil when there are none.
function card_words.cost(result)
  local done = card_result.count(result)
  local each = card_result.median_seconds(result.rows)
  if not each then return nil end
  local elsewhere, places = 0, {}
  for _, row in ipairs(result.rows) do
    for _, run in ipairs(row.runs) do
      if run.machine and run.machine ~= machine.text(result.machine) then elsewhere, places[run.machine] = elsewhere + 1, true end
    end
  end
  local also = elsewhere > 0 and ("; %d of them on %s"):format(elsewhere, table.concat(sorted_keys(places), ", and on ")) or ""
  return ("%s, %s in all, median %s a run; %s%s"):format(words.count(done, "run"), short.duration(result.seconds), short.duration(each),
    machine.text(result.machine), also)
end

return card_words
