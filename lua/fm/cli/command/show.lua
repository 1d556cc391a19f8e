-- All about one run on one page: what it was, how it went, what it left; or the Lua files that it
-- was made from.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local code_copies <const> = require "fm.records.code_copies"
local command_line <const> = require "fm.cli.command_line"
local describe <const> = require "fm.records.describe"
local floor_of <const> = require "fm.records.floor"
local layout <const> = require "fm.cli.terminal.layout"
local nearest <const> = require "fm.parts.nearest"
local painter <const> = require "fm.cli.terminal.paint"
local pareto <const> = require "fm.records.pareto"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local records <const> = require "fm.records.runs"
local result_curves <const> = require "fm.records.result_curves"
local result_tables <const> = require "fm.records.result_tables"
local sparkline <const> = require "fm.cli.terminal.sparkline"
local spikes <const> = require "fm.records.spikes"
local words <const> = require "fm.records.words"

--- The files of the run: { name, size, picture }, in order; none when its folder cannot be read.
local function files_of(path)
  local files = {}
  for _, name in ipairs(records.names_in(path)) do
    local attributes = lfs.attributes(path .. "/" .. name)
    if attributes and attributes.mode == "file" and name ~= "lock" then
      files[#files + 1] = { name = name, size = attributes.size, picture = name:find "%.png$" ~= nil or name:find "%.svg$" ~= nil }
    end
  end
  return files
end

local function size_text(bytes)
  if bytes < 1000 then return bytes .. " B" end
  if bytes < 1e6 then return ("%.1f kB"):format(bytes / 1e3) end
  return ("%.1f MB"):format(bytes / 1e6)
end

local indent <const> = 12

--- The page being written: titled paragraphs, the titles in a column of their own.
local function new_page(line)
  local page = { paint = painter(1, line.color), width = layout.columns() or 100 }
  --- text: a text, or a list of items that stay whole.
  function page.row(title, text, color)
    if not text or #text == 0 then return end
    title = printable.line(title)
    local shown = page.paint("dim", title) .. (" "):rep(math.max(1, indent - layout.width(title)))
    for _, part in ipairs(layout.wrap(text, page.width - indent)) do
      print(shown .. page.paint(color, part))
      shown = (" "):rep(indent)
    end
  end
  return page
end

local function show_status(page, record)
  local now = os.time()
  local facts = { record.status }
  if record.steps then facts[#facts + 1] = ("at step %d"):format(record.steps) end
  local took, age = describe.took(record, now), describe.age(record, now)
  if took ~= "" then facts[#facts + 1] = "after " .. took end
  page.row("status", table.concat(facts, " "), describe.colors[record.status])
  if record.status == "running" then page.row("now", describe.progress(record)) end
  if age ~= "" then page.row("started", ("%s UTC, %s ago"):format(record.started:sub(1, 19):gsub("T", " "), age)) end
  local title = "error"
  for text in (record.error or ""):gmatch "[^\n]+" do
    page.row(title, text, "red")
    title = ""
  end
end

local function show_config(page, record)
  local changed, rest = {}, {}
  local is_changed = {}
  for _, key in ipairs(describe.changed_keys(record)) do is_changed[key] = true end
  local keys = describe.keys(record.config)
  for i, text in ipairs(describe.pairs(record.config, keys)) do
    local key = keys[i]
    if is_changed[key] then
      changed[#changed + 1] = ("%s (default %s)"):format(text, describe.value(record.defaults[key]))
    else
      rest[#rest + 1] = text
    end
  end
  page.row("changed", changed, "bold")
  page.row(#changed > 0 and "defaults" or "config", rest)
end

local most <const> = 64 << 20 -- bytes of a Lua file

--- What happened to a file of code since the run.
local function since(file)
  if not lfs.attributes(file.path, "mode") then return " (gone)" end
  local now = fm.file.hash_file(file.path, most)
  return not now and " (no file that can be read now)" or now ~= file.hash and " (changed since)" or ""
end

local function show_environment(page, record)
  local v = record.versions
  if not v then return end
  page.row("made by", ("fmrun %s (%s), Lua %s, OpenBLAS %s %s, %s thread%s on %s%s"):format(v.fmrun or "?", v.real or "?", v.lua or "?", v.blas or "?",
    v.blas_core or "?", record.threads or "?", record.threads == 1 and "" or "s", record.host or "?",
    record.cores and (" (%d core%s)"):format(record.cores, record.cores == 1 and "" or "s") or ""))
  page.row("memory", record.peak_rss and ("at most %s in all"):format(words.bytes(record.peak_rss * 1024.0)))
  page.row("train step", describe.step_memory(record))
  local code = {}
  for i, file in ipairs(record.code or {}) do code[i] = file.path .. since(file) end
  page.row("code", code)
  if record.commit then page.row("commit", record.commit .. (record.dirty and ", with changes" or record.dirty == nil and ", changes not known" or "")) end
end

local function show_curves(page, record)
  local curves, damaged, problem = require "fm.records.metrics"(record.path .. "/metrics.jsonl")
  for _, name in ipairs(describe.keys(curves)) do
    local y = curves[name].y
    local floor, text = floor_of(record, name, y)
    if floor or name:find "loss" then
      page.row(name, ("%s  %s -> %s"):format(sparkline(y, page.width - 40, floor), describe.value(y[1]), describe.value(y[#y])))
    end
    if floor then page.row("  floor", text) end
  end
  for _, name in ipairs(spikes.names(record)) do page.row("spikes", ("%s: %s"):format(printable.line(name), spikes.text(record, name)), "yellow") end
  for _, name in ipairs(describe.keys(record.floors or {})) do
    if not curves[name] then page.row(name, "floor " .. select(2, floor_of(record, name, {}))) end
  end
  if damaged > 0 then page.row("metrics", words.count(damaged, "line") .. " of metrics.jsonl cannot be read", "red") end
  page.row("metrics", problem, "red")
end

--- A curve of results by its points: "quality  1: 0.62, 2: 0.53 (W2 by evaluations, floor 0.27)".
local function show_result_curves(page, record)
  local list, problems = result_curves(record)
  for _, curve in ipairs(list) do
    local points = {}
    for i, x in ipairs(curve.x) do points[i] = ("%s: %s"):format(describe.value(x), describe.value(curve.y[i])) end
    local floor = curve.floor and ", floor " .. describe.value(curve.floor) or ""
    points[#points + 1] = ("(%s by %s%s)"):format(printable.line(curve.y_name), printable.line(curve.x_name), floor)
    page.row(curve.name, points)
  end
  for _, text in ipairs(problems) do page.row("curves", text, "red") end
end

--- The tables of results, whole, below their titles.
local function show_result_tables(page, record)
  local list, problems = result_tables(record)
  for _, found in ipairs(list) do
    page.row(found.name, found.title ~= "" and found.title or "table")
    local columns, rows = {}, {}
    for i, name in ipairs(found.columns) do columns[i] = { title = name, right = found.numeric[i], flexible = not found.numeric[i] } end
    for k, row in ipairs(found.rows) do
      rows[k] = {}
      for i, text in ipairs(row) do rows[k][i] = found.numeric[i] and tonumber(text) and describe.value(tonumber(text)) or text end
    end
    for _, text in ipairs((layout.table(columns, rows, { paint = page.paint, columns = layout.columns() }))) do print(text) end
    for _, note in ipairs(found.notes) do page.row("", note) end
  end
  for _, text in ipairs(problems) do page.row("tables", text, "red") end
end

local function show_files(page, record, files)
  local pictures, rest = {}, {}
  for _, file in ipairs(files) do
    local list = file.picture and pictures or rest
    list[#list + 1] = file.picture and record.path .. "/" .. file.name or ("%s (%s)"):format(file.name, size_text(file.size))
  end
  page.row("pictures", pictures)
  page.row("files", rest)
end

--- What fmrun pareto measured, or could measure.
local function show_pareto(page, record)
  local found, message = pareto.read(record.path)
  if message then return page.row("pareto", message, "red") end
  if found then return page.row("pareto", ("%s: %s"):format(found.name, pareto.facts(found, found.settings))) end
  if record.pareto then page.row("pareto", ("fmrun pareto %s measures %s"):format(quoted(record.id), record.pareto)) end
end

local function show(record, line)
  local page, files = new_page(line), files_of(record.path)
  print(page.paint("bold", printable.line(record.name)))
  page.row("folder", record.path)
  show_status(page, record)
  page.row("command", describe.command(record))
  show_config(page, record)
  page.row("results", describe.pairs(record.summary), "bold")
  show_result_tables(page, record)
  show_result_curves(page, record)
  show_pareto(page, record)
  show_curves(page, record)
  show_environment(page, record)
  show_files(page, record, files)
end

-- ---- --code ----

--- The file of a record's code that a word names: its path, or the end of it; without a word the
--- script.
local function find_file(record, word)
  local paths = {}
  for i, file in ipairs(record.code or {}) do
    paths[i] = file.path
    if file.path == (word or record.script) then return file end
  end
  for _, file in ipairs(word and record.code or {}) do
    if file.path:sub(-#word - 1) == "/" .. word then return file end
  end
  local message = word and ('%s has no file "%s"%s'):format(record.name, word, nearest.advice(word, paths, "; it was made from " .. table.concat(paths, ", ")))
    or record.name .. " does not know its script"
  error({ message = message, exit = 3 }, 0)
end

--- Prints the text of a file, as the run had it, on stdout, and on stderr which other files there
--- are.
local function show_code(record, name, word)
  local file = find_file(record, word)
  local text, message = code_copies.read(record.path, file)
  if not text then error({ message = message, exit = 1 }, 0) end
  io.stdout:write(printable.data(text))
  if word then return end
  for _, other in ipairs(record.code) do
    if other ~= file then io.stderr:write(printable.line(("with it: fmrun show %s --code %s"):format(quoted(name), quoted(other.path))), "\n") end
  end
end

return {
  help = "all about one run: config, status, results, loss, files", usage = "fmrun show RUN [--json | --code [FILE]]", takes = "run",
  options = { { "--json", name = "json", help = "the record as one JSON object, with its files" },
    { "--code", name = "code", help = "the script as the run had it, from its copy, or another Lua file that it required" }, "runs", "color" },
  examples = { "fmrun show @-1", "fmrun show @-1 --code >as_it_was.lua" },
  run = function(line)
    if line.json and line.code then line.refuse "--json or --code, not both" end
    if #line.words ~= 1 and not (line.code and #line.words == 2) then line.refuse(("expected one run, found %d"):format(#line.words)) end
    local record = records.expect(records.find(command_line.runs(line), line.words[1]))
    if line.code then return show_code(record, line.words[1], line.words[2]) end
    if not line.json then return show(record, line) end
    local plain = describe.plain(record)
    plain.files = fm.json.array(files_of(record.path))
    print(fm.json.encode(plain))
  end,
}
