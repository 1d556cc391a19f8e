-- Is what this fmrun computes right? Trains, samples and measures cases whose answers are known in
-- closed form. A case is a file of lua/fm/verify: see parts/case.lua there. Each runs in a process
-- of its own, some at a time; a process tells its rows through a pipe, a JSON object each.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local cores <const> = require "fm.run.cores"
local layout <const> = require "fm.cli.terminal.layout"
local nearest <const> = require "fm.parts.nearest"
local option_reader <const> = require "fm.cli.option_reader"
local painter <const> = require "fm.cli.terminal.paint"
local pools <const> = require "fm.sweep.pool"
local short <const> = require "fm.parts.short"
local words <const> = require "fm.records.words"

local room <const> = "fm.verify"

--- The cases that the words name, or all, each once; ends the command for a word that names none.
local function chosen(line)
  local names, known, list, seen = by_name.names(room), {}, {}, {}
  if #line.words == 0 then return names end
  for _, name in ipairs(names) do known[name] = true end
  for _, word in ipairs(line.words) do
    if not known[word] then line.refuse(('there is no case "%s"%s'):format(word, nearest.advice_or_all(word, names))) end
    if not seen[word] then seen[word], list[#list + 1] = true, word end
  end
  return list
end

-- ---- a process that runs one case ----

--- What the file of a case returns. For one that does not load, a case that says why.
local function made(name)
  local ok, result = pcall(require, room .. "." .. name)
  if ok and (type(result) ~= "table" or type(result.run) ~= "function") then
    ok, result = false, by_name.file(room .. "." .. name) .. ": expected { about = text, run = function }"
  end
  if ok then return result end
  return { about = "its file does not load", run = function() error(result, 0) end }
end

local function run_for_parent(line)
  local parent, descriptor = option_reader.whole("--parent", line.parent, 1, line.refuse), option_reader.whole("--rows", line.rows, 3, line.refuse)
  if descriptor > 1023 then line.refuse(("--rows: %d is no channel"):format(descriptor)) end
  if #line.words ~= 1 then line.refuse "--rows is for one case" end
  if parent and not fm.system.die_with(parent) then return 1 end
  local channel, problem = fm.system.channel(descriptor)
  if not channel then line.refuse("--rows: " .. problem) end
  local name = chosen(line)[1]
  local function tell(row)
    channel:write(fm.json.encode(row), "\n")
    channel:flush()
  end
  require "fm.verify.parts.case".run(name, made(name), tell)
  tell { ended = true }
  return 0
end

-- ---- the processes ----

--- What stands for a case whose process ended before the case did.
local function broken(name, result)
  local last = result.lines[#result.lines] or "it printed nothing"
  local how = result.signal ~= 0 and "killed by " .. pools.signal_name(result.signal) or "it ended in the middle with exit code " .. result.code
  return { case = name, what = "runs to its end", ok = false, seconds = result.seconds, problem = ("%s: %s"):format(how, last) }
end

--- Runs the cases, those that take longest first. Returns the rows by case, and the name of a
--- signal that ended it.
local function run_all(names, line, jobs)
  local order, rows, ended, signal = table.move(names, 1, #names, 1, {}), {}, 0, nil
  local lasts, whole = {}, {}
  for _, name in ipairs(names) do rows[name], lasts[name] = {}, made(name).seconds or 1 end
  table.sort(order, function(a, b) return lasts[a] > lasts[b] or lasts[a] == lasts[b] and a < b end)
  local shows <const> = not line.quiet and not line.json and fm.system.is_terminal(2)
  local function progress()
    if shows then io.stderr:write(("\r\27[K%s"):format(ended < #names and ("%d of %s"):format(ended, words.count(#names, "case")) or "")) end
  end
  local function arguments(name, channel)
    return { "verify", name, "--rows", tostring(channel), "--parent", tostring((fm.system.process())), "--threads", line.threads or "1" }
  end
  io.stdout:flush()
  pools.new { jobs = jobs }:run(order, arguments, {
    started = progress, tick = function() end,
    event = function(name, text)
      local row = assert(fm.json.decode(text))
      if row.ended then whole[name] = true else table.insert(rows[name], row) end
    end,
    interrupted = function(name) signal = name end,
    ended = function(name, result)
      ended = ended + 1
      progress()
      if not whole[name] then table.insert(rows[name], broken(name, result)) end
    end,
  })
  return rows, signal
end

-- ---- what comes out ----

local function print_json(list)
  for _, row in ipairs(list) do print(fm.json.encode(row)) end
end

local function number(value)
  if type(value) ~= "number" then return tostring(value or "") end -- "nan"
  return words.value(tonumber(("%.3g"):format(value)))
end

local function print_table(list, line)
  local columns = { { title = "" }, { title = "CASE" }, { title = "CHECKED", flexible = true }, { title = "ERROR", right = true },
    { title = "BOUND", right = true }, { title = "TIME", right = true, rank = 1 } }
  local cells = {}
  for i, row in ipairs(list) do
    cells[i] = { { text = row.ok and "ok" or "BAD", color = row.ok and "green" or "red" }, row.case, row.what, number(row.error), number(row.bound),
      short.duration(row.seconds) }
  end
  local lines = layout.table(columns, cells, { columns = layout.columns(), paint = painter(1, line.color) })
  io.stdout:write(table.concat(lines, "\n"), "\n")
end

--- Says how the bound of each row that does not hold came about, and counts.
local function print_end(list, cases, seconds)
  local page, bad = layout.columns() or 100, 0
  local function say(text) print(table.concat(layout.wrap(text, page, "", "  "), "\n")) end
  print ""
  for _, row in ipairs(list) do
    if not row.ok then
      bad = bad + 1
      say(("%s: %s: %s"):format(row.case, row.what, row.problem or ("the bound is %s"):format(row.because)))
    end
  end
  local verdict = bad == 0 and "all within their bounds" or ("%d not within %s"):format(bad, bad == 1 and "its bound" or "their bounds")
  say(("%s of %s in %s (%s): %s"):format(words.count(#list, "row"), words.count(cases, "case"), short.duration(seconds), fm.real, verdict))
end

local function list_cases(line, names)
  local cells = {}
  for i, name in ipairs(names) do cells[i] = { name, made(name).about or "" } end
  if line.json then
    for _, row in ipairs(cells) do print(fm.json.encode { case = row[1], about = row[2] }) end
    return 0
  end
  for _, row in ipairs(cells) do
    print(table.concat(layout.wrap(row[2], layout.columns() or 100, ("%-12s"):format(row[1]), (" "):rep(12)), "\n"))
  end
  return 0
end

local function verify(line, names)
  local began, list, well = fm.system.seconds(), {}, true
  local jobs = option_reader.whole("--jobs", line.jobs, 1, line.refuse) or cores()
  local rows, signal = run_all(names, line, math.min(jobs, #names))
  if signal then return 128 + require "luv".constants[signal:upper()] end
  for _, name in ipairs(names) do table.move(rows[name], 1, #rows[name], #list + 1, list) end
  for _, row in ipairs(list) do well = well and row.ok end
  if line.json then print_json(list)
  else
    print_table(list, line)
    print_end(list, #names, fm.system.seconds() - began)
  end
  return well and 0 or 1
end

return {
  help = "compare what is computed with closed forms: flows, losses, solvers, distances, trained networks", usage = "fmrun verify [CASE...] [options]",
  takes = by_name.names(room),
  options = {
    { "--list", name = "list", help = "list the cases and end" },
    { "--json", name = "json", help = "one JSON object per row: case, what, error, bound, because, ok, seconds" },
    { "-j", "--jobs", name = "jobs", value = "N", help = "cases at a time, each a process (the cores)" },
    { "--rows", name = "rows", value = "FD", internal = true, help = "run one case here, and send its rows through this descriptor, a pipe" },
    { "--parent", name = "parent", value = "PID", internal = true, help = "end when that process, which started this one, ends" },
    "threads", "quiet", "color",
  },
  examples = { "fmrun verify", "fmrun verify gaussian paths" },
  run = function(line)
    require "fm.cli.threads".set(line.threads, 1)
    if line.rows then return run_for_parent(line) end
    if line.parent then line.refuse "--parent goes with --rows" end
    if line.list then line.only("--list, which runs nothing", { "list", "json", "quiet", "color" }) end
    local names = chosen(line)
    return (line.list and list_cases or verify)(line, names)
  end,
}
