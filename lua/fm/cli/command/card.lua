-- Published protocols, run again: each row of a published table with every seed, and the published
-- numbers beside those that came out. fm.cli.cards says where cards lie.
local card_result <const> = require "fm.records.card_result"
local card_runs <const> = require "fm.cli.card_runs"
local cards <const> = require "fm.cli.cards"
local command_line <const> = require "fm.cli.command_line"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local machine <const> = require "fm.cli.machine"
local option_reader <const> = require "fm.cli.option_reader"
local printable <const> = require "fm.parts.printable"
local screen <const> = require "fm.cli.terminal.card_screen"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local exit <const> = command_line.exit

local function end_with(message)
  error({ message = message, exit = exit.failed }, 0)
end

-- ---- the list ----

--- What the list says of a card's file; nil for a file that is no card but a part of one.
local function entry_of(name, path, argv)
  local script, message, is_part = cards.open(path, argv)
  if is_part then return nil end
  if not script then return { name = name, path = path, problem = message } end
  local result, problem, missing = card_result.read(script.result)
  if result or missing then problem = nil end
  return { name = name, path = path, title = script.card.title, source = script.card.source, rows = #script.card.rows, seeds = script.card.seeds,
    result = result, problem = problem }
end

local function list(line)
  local paths, names = cards.all()
  local entries, code = {}, exit.well
  for _, name in ipairs(names) do
    local entry = entry_of(name, paths[name], line.argv)
    entries[#entries + 1] = entry
    if entry and entry.problem then code = exit.failed end
  end
  if line.json then
    for _, entry in ipairs(entries) do
      entry.committed = entry.result and { date = entry.result.date, seeds = entry.result.seeds } or nil
      entry.result = nil
      print(fm.json.encode(entry))
    end
  else
    screen.list(entries, line.color)
    if #entries == 0 then io.stderr:write "there are no cards here: none in ./cards\n" end
  end
  return code
end

local function is_folder(path) return lfs.attributes(path, "mode") == "directory" end

--- Prints the page of results; the only word may name a folder of them.
local function page(line)
  line.only("--page, which prints what was saved", { "page", "quiet", "color" })
  if #line.words > 1 then line.refuse(("--page: expected one folder, found %d words"):format(#line.words)) end
  local own = cards.own_folder()
  local folder = line.words[1] or own and own .. "/results"
  if not folder then end_with "there is no folder experiments/cards beside this fmrun" end
  if line.words[1] and not is_folder(folder) then end_with(("--page: %s is no folder"):format(folder)) end
  io.stdout:write((require "fm.cli.results_page"(folder)))
  return exit.well
end

-- ---- one card ----

--- The runs there are; without any, those of the committed result. Returns what was found, the
--- committed result when that is where they are from, and how many runs lie in the folder.
local function find(script, base, seeds, line)
  local found, count = card_runs.find(script, base, seeds), 0
  for _, by_seed in ipairs(found) do
    for _, run in pairs(by_seed) do count = count + (run.status == "done" and 1 or 0) end
  end
  if not line.add and (count > 0 or not line.show) then return found, nil, count end
  local committed, message, missing = card_result.read(script.result)
  if not committed and not missing then end_with(message) end
  if not committed then return found, nil, count end
  if line.add and (committed.machine.real or fm.real) ~= fm.real then
    end_with(("%s: its runs are in %s, and these are in %s: --add takes runs of one precision"):format(script.result, committed.machine.real, fm.real))
  end
  if count == 0 and not line.add then return card_runs.of_result(script, committed, seeds), committed, 0 end
  card_runs.add(script, found, committed, seeds)
  return found, count == 0 and committed or nil, count
end

--- Facts about where the numbers are from: the folder of runs or the committed result, and runs of
--- another version of the script or of other data.
local function notes_of(result, base, committed, count)
  local notes = {}
  if committed then
    notes[1] = { "numbers", ("the committed result of %s, on %s"):format(committed.date, machine.text(committed.machine)) }
  else
    notes[1] = { "numbers", ("%s in %s"):format(words.count(count, "run"), base) }
  end
  local others, digests, added, elsewhere = 0, {}, 0, 0
  for _, row in ipairs(result.rows) do
    for _, run in ipairs(row.runs) do
      added = added + (run.machine and 1 or 0)
      elsewhere = elsewhere + (run.data and run.data ~= result.data.digest and 1 or 0)
      if run.code ~= result.digest then others, digests[run.code or "unknown"] = others + 1, true end
    end
  end
  if added > 0 and not committed then notes[#notes + 1] = { "added", words.count(added, "run") .. " of the committed result" } end
  if others > 0 then
    local names = table.concat(sorted_keys(digests), ", ")
    notes[#notes + 1] = { "versions", ("the script of %s had another text: digest %s"):format(words.count(others, "run"), names) }
  end
  if elsewhere > 0 then notes[#notes + 1] = { "data now", ("not those of %s: digest %s"):format(words.count(elsewhere, "run"), result.data.digest) } end
  return notes
end

--- The result with its verdicts, as one JSON object.
local function print_json(result, unfinished)
  for i, row in ipairs(result.rows) do
    row.unfinished, row.measured, row.seconds = unfinished[i], {}, card_result.median_seconds { row }
    for _, column in ipairs(result.results) do
      local cell = card_result.cell(result, row, column)
      row.measured[column.key] = { mean = cell.measured.mean, deviation = cell.measured.deviation, half = cell.measured.half, n = cell.measured.n,
        floor = cell.floor, verdict = cell.verdict, why = cell.why }
    end
  end
  print(fm.json.encode(result))
end

--- Does the runs that there are not. Returns an exit code.
local function run(script, found, seeds, line)
  local plan, running = card_runs.plan(script, found, seeds)
  if running > 0 and not line.quiet then
    io.stderr:write(("%s of the card %s done by another process now\n"):format(words.count(running, "run"), running == 1 and "is" or "are"))
  end
  if #plan.runs == 0 then
    if line.dry_run and not line.quiet then io.stderr:write "nothing is left to do\n" end
    return exit.well
  end
  local how = setmetatable({ json = line.json and line.dry_run }, { __index = function(_, key) return key ~= "json" and line[key] or nil end })
  return require "fm.cli.sweep".start(plan, { script }, how, line.argv)
end

--- Saves a result, unless that would lose runs of a better one.
local function save(result, path)
  local count, former = card_result.count(result), card_result.read(path)
  local before = former and card_result.count(former) or 0
  if count == 0 then end_with(("%s: there are no runs to save"):format(result.name)) end
  if before > count then end_with(("%s has %d runs, and here are %d: remove it to save these"):format(path, before, count)) end
  result.script = cards.shown_path(result.script)
  local wrote, message = card_result.write(path, result)
  if not wrote then end_with(message) end
end

local function show(script, found, seeds, committed, count, line)
  local result, unfinished = card_runs.result(script, found, seeds, committed or card_result.read(script.result), committed)
  local notes = notes_of(result, command_line.runs(line), committed, count)
  if line.json then print_json(result, unfinished) else screen.tables(result, unfinished, notes, line.color) end
  if not line.save then return end
  save(result, script.result)
  if not line.quiet then io.stderr:write(printable.line(script.result), "\n") end
end

--- How many seeds of each row are wanted.
local function seeds_of(script, line)
  local most <const> = 10000 -- runs, as of a sweep
  local seeds, rows = line.count or script.card.seeds, #script.card.rows
  if seeds > most // rows then line.refuse(("--seeds: %.0f runs, over the limit of %d"):format(1.0 * seeds * rows, most)) end
  return seeds
end

--- Runs and shows the card that a word names. Returns an exit code.
local function do_card(word, line)
  local script, message = cards.open(cards.path(word, line.refuse), line.argv)
  if not script then end_with(message) end
  local base, seeds, code = command_line.runs(line), seeds_of(script, line), exit.well
  if not (line.json or line.dry_run) then
    screen.head(card_runs.result(script, card_runs.none(script), seeds), line.color)
    io.stdout:flush() -- before hours of runs
  end
  if not line.show then code = run(script, find(script, base, seeds, line), seeds, line) end
  if line.dry_run then return code end
  local found, committed, count = find(script, base, seeds, line)
  show(script, found, seeds, committed, count, line)
  return code
end

--- Refuses options beside others that leave them nothing to do.
local function check_pairs(line)
  if line.show and line.dry_run then line.refuse "--show or -n, not both" end
  if line.save and line.dry_run then line.refuse "--save or -n, not both" end
  if line.show then line.only("--show, which runs nothing", { "show", "save", "add", "seeds", "json", "runs", "quiet", "color" }) end
end

return {
  help = "run a published protocol, and print its numbers beside those measured", usage = "fmrun card [NAME...] [options]", takes = "card",
  examples = { "fmrun card                     the cards there are", "fmrun card c2ot --show         what is there, without running",
    "fmrun card c2ot -j 2           run what is missing, then print", "fmrun card ./mine.lua --seeds 2" },
  options = {
    { "--list", name = "list", help = "the cards: source, rows, seeds, and whether a result is committed" },
    { "--show", name = "show", help = "run nothing: print what the runs say, without any of them what was committed" },
    { "--save", name = "save", help = "write the result to results/NAME.json beside the card" },
    { "--add", name = "add", help = "count the runs of the committed result as done, beside those here: a long card goes on elsewhere" },
    { "--seeds", name = "seeds", value = "N", help = "seeds 1 to N of each row, instead of as many as the card says" },
    { "--json", name = "json", help = "one JSON object per card, with the values of every seed" },
    { "--page", name = "page", help = "print the page of results of the manual, made from what was saved; a word names another folder than fm's own" },
    "runs", "jobs", "dry_run", "threads", "timeout", "fail_fast", "maxfail", "checkpoint_seconds", "quiet", "color",
  },
  run = function(line)
    line.count = option_reader.whole("--seeds", line.seeds, 1, line.refuse)
    if line.list and #line.words > 0 then line.refuse(('--list takes no names, found "%s"'):format(line.words[1])) end
    if line.page then return page(line) end
    if #line.words == 0 then
      line.only("the list of cards: name one", { "list", "json", "quiet", "color" })
      return list(line)
    end
    check_pairs(line)
    local worst = exit.well
    for i, word in ipairs(line.words) do
      if i > 1 and not line.json and not line.dry_run then print() end
      local code = do_card(word, line)
      if code == exit.saved or code > 128 then return code end
      worst = math.max(worst, code)
    end
    return worst
  end,
}
