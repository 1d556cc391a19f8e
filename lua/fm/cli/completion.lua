-- What may come next on a command line of fmrun: words with what they mean. It knows options and
-- commands from their tables, runs from their folders, and parameters from the script.
local command <const> = require "fm.cli.commands"
local command_line <const> = require "fm.cli.command_line"
local option_reader <const> = require "fm.cli.option_reader"

local complete <const> = {}

--- The words of a line up to the cursor, without the program; the last one is being typed, "" after
--- a space.
function complete.split(line)
  local words, i = {}, 1
  while true do
    i = line:find("%S", i)
    if not i then break end
    local text = {}
    while i <= #line and not line:find("^%s", i) do
      local quote, inside, after = line:match("^(['\"])(.-)%1()", i)
      if quote then
        text[#text + 1], i = inside, after
      else
        text[#text + 1], i = line:sub(i, i), i + 1
      end
    end
    words[#words + 1] = table.concat(text)
  end
  if line:find "%s$" then words[#words + 1] = "" end
  table.remove(words, 1)
  return words
end

-- ---- what is offered: lists of { word, meaning } ----

local function add(list, word, meaning)
  list[#list + 1] = { word, meaning }
end

local function flags(list, options)
  for _, option in ipairs(option_reader.listed(options)) do
    for _, flag in ipairs(option) do add(list, flag, option.help) end
  end
end

--- Files that end in `ending` ("" for all, nil for folders alone), and folders, that begin with the
--- word.
local function paths(list, word, ending)
  local lfs <const> = require "lfs"
  local folder, beginning = word:match "^(.*/)([^/]*)$"
  folder, beginning = folder or "", beginning or word
  for _, name in ipairs(require "fm.records.names_in"(folder == "" and "." or folder)) do
    local hidden = name:sub(1, 1) == "." and beginning:sub(1, 1) ~= "."
    if not hidden and name:sub(1, #beginning) == beginning then
      local is_folder = lfs.attributes(folder .. name, "mode") == "directory"
      if is_folder then add(list, folder .. name .. "/") elseif ending and name:sub(#name + 1 - #ending) == ending then add(list, folder .. name) end
    end
  end
end

local function commands(list)
  for _, name in ipairs(command.names()) do add(list, name, command.summary(name)) end
end

--- Experiments, sweeps and runs; when no word is typed yet, only the newest runs.
local function runs(list, word, line)
  local describe <const>, records <const> = require "fm.records.describe", require "fm.records.runs"
  local all, now = records.list(command_line.runs(line)), os.time()
  local names = describe.short_names(all)
  for i = #all, 1, -1 do
    local record = all[i]
    add(list, record.experiment, "experiment")
    if record.sweep then add(list, names[i]:match "^[^/]+", "sweep") end
    if #word > 0 or #all - i < 20 then
      add(list, names[i], ("%s %s ago, %s"):format(record.status, describe.age(record, now), describe.changed(record)))
    end
  end
  if #all > 0 then add(list, "@-1", "the last run") end
end

--- A script is called to know its parameters; a script without an experiment would do its work, so
--- its text is checked first.
local function experiment_in(path)
  local file <close> = io.open(path)
  if not file or not (file:read "a" or ""):find("experiment", 1, true) then return nil end
  local script = require "fm.cli.declared".open(path)
  return script and script.experiment
end

local function values_of(declaration)
  if declaration.choices then return declaration.choices end
  if declaration.type == "boolean" then return { true, false } end
  return { declaration.default }
end

--- key= of a script's parameters, or the values of one.
local function parameters(list, word, path)
  local experiment = experiment_in(path)
  if not experiment then return end
  local key = word:match "^([^=]+)="
  local find <const> = require "fm.run.parameters".find
  if key then
    local declaration = find(experiment.parameters, key, experiment.presets or {})
    for _, value in ipairs(declaration and values_of(declaration) or {}) do add(list, ("%s=%s"):format(key, value), declaration.help) end
    return
  end
  for _, declaration in ipairs(experiment.parameters) do add(list, declaration.name .. "=", declaration.help) end
  if next(experiment.presets or {}) then add(list, "preset=", "values of several parameters") end
end

-- ---- where the cursor is ----

local function option_of(options, word)
  for _, option in ipairs(options) do
    for _, flag in ipairs(option) do
      if flag == word then return option end
    end
  end
end

--- What the words before the last one mean: options in force, the command, the script, values by
--- option, and the option that wants a value.
local function read(words)
  local place = { options = command_line.options, line = {} }
  for i = 1, #words - 1 do
    local word = words[i]
    if place.waiting then
      place.line[place.waiting.name], place.waiting = word, nil
    elseif word:sub(1, 1) == "-" and word ~= "-" then
      local flag, value = word:match "^(%-%-[^=]+)=(.*)$"
      local option = option_of(place.options, flag or word)
      if option and value then place.line[option.name] = value elseif option and option.value then place.waiting = option end
    elseif not place.command and not place.script and not word:find "=" then
      local ok, made = pcall(command.find, word)
      if ok then place.command, place.options = made, command.options(made) else place.script = word end
    elseif place.command and not word:find "=" then
      place.script = place.script or word
    end
  end
  return place
end

--- The names that --where and --sort can use.
local function names_in_runs(list, line)
  local names <const> = require "fm.records.filter".names(require "fm.records.runs".list(command_line.runs(line)))
  for _, name in ipairs(names) do add(list, name) end
end

--- Values of an option: choices, folders, files, names in runs.
local function option_values(list, option, word, place)
  for _, choice in ipairs(option.choices or {}) do add(list, choice, option.help) end
  if option.value == "DIR" then paths(list, word, nil) elseif option.value == "FILE" then paths(list, word, "") end
  local of_runs = place.command and place.command.takes == "run" and (option.value == "NAME" or option.value == "CONDITION")
  if of_runs then names_in_runs(list, place.line) end
end

local takes <const> = {
  run = runs,
  script = function(list, word, _, place) if not place.script then paths(list, word, ".lua") end end,
  parameters = function(list, word, _, place)
    if place.script then parameters(list, word, place.script) else paths(list, word, ".lua") end
  end,
  card = function(list)
    for name, path in pairs((require "fm.cli.cards".all())) do add(list, name, path) end
  end,
  name = function(list)
    commands(list)
    for _, page in ipairs(require "fm.cli.help.pages".list()) do add(list, page.name, page.summary) end
    for _, name in ipairs(require "fm.cli.reference".names()) do add(list, name) end
  end,
}

local function offered(words)
  local list, word, place = {}, words[#words] or "", read(words)
  local long, value = word:match "^(%-%-[^=]+)=(.*)$"
  if place.waiting then
    option_values(list, place.waiting, word, place)
  elseif long then
    local option = option_of(place.options, long)
    if option then option_values(list, option, value, place) end
    for _, candidate in ipairs(list) do candidate[1] = long .. "=" .. candidate[1] end
  elseif word:sub(1, 1) == "-" then
    flags(list, place.options)
  elseif place.command then
    local kind = place.command.takes
    if type(kind) == "table" then for _, choice in ipairs(kind) do add(list, choice) end
    elseif takes[kind] then takes[kind](list, word, place.line, place) end
  elseif place.script then
    parameters(list, word, place.script)
    if word ~= "" then paths(list, word, ".lua") end
  else
    commands(list)
    paths(list, word, ".lua")
  end
  return list, word
end

--- The candidates for the end of a line, each { word, meaning }, sorted, each once.
function complete.candidates(line)
  local list, word = offered(complete.split(line))
  local kept, seen = {}, {}
  for _, candidate in ipairs(list) do
    local text = candidate[1]
    if text:sub(1, #word) == word and not seen[text] then
      seen[text], kept[#kept + 1] = true, candidate
    end
  end
  table.sort(kept, function(a, b) return a[1] < b[1] end)
  return kept
end

return complete
