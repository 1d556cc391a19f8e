-- Plants plausible mistakes into a copy of this tree, one at a time, and tells which of them no
-- test notices:
--   fmrun tests/mutate/campaign.lua -- FOLDER [each=3] [seed=1] [rooms=data,flow,src/io]
--     [budget=60] [seconds=600] [only=FILE] [guess] [again] [renew] [unreached]
-- each: mistakes in each room, drawn by the seed; budget: seconds of tests that a mistake gets;
-- seconds: the campaign stops after these and goes on from FOLDER when it is started again. First
-- every test is run once, to know which code it reaches; guess: that is guessed from its words,
-- which is worse and takes no time. only: a file of mistakes and tests instead (slice.lua is one).
-- again: those that survived are tried once more; renew: the copy is made anew from the tree, of
-- whose tests the changed ones are measured again; unreached: only the lines are printed at which
-- code begins that no test reaches.
-- Ends with a table of rooms and the survivors as diffs. Those that equivalents.lua names do not
-- count. Exits with 1 when a room has less than nine of ten noticed.
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local copy <const> = require "copy"
local draw <const> = require "draw"
local list_tests <const> = require "tests"
local reach <const> = require "reach"
local results <const> = require "results"
local rooms <const> = require "rooms"
local trial <const> = require "trial"

local root <const> = here .. "../.."
local wanted_share <const> = 0.9

--- The words after the script.
local function words()
  local o = { each = 3, seed = 1, budget = 60, seconds = math.huge }
  for i, word in ipairs(arg) do
    local key, value = word:match "^(%w+)=(.*)$"
    if i == 1 then o.folder = word elseif key then o[key] = tonumber(value) or value else o[word] = true end
  end
  assert(o.folder, "a folder for the campaign is missing")
  return o
end

--- The texts of the files of a room.
local function read_all(tree, paths)
  local texts = {}
  for _, path in ipairs(paths) do texts[path] = copy.read(tree.tree .. "/" .. path) end
  return texts
end

local function say(row)
  print(("%-9s %-24s %s:%d  %s  %.1fs  %s"):format(row.outcome, row.room, row.file, row.line, row.kind, row.seconds, row.by or ""))
  io.stdout:flush()
end

--- A row of the results: how the search ended, and what the mistake is.
local function row_of(room, seed, mistake, found)
  found.room, found.seed, found.file, found.line, found.kind, found.key = room, seed, mistake.file, mistake.line, mistake.kind, mistake.key
  found.from, found.becomes, found.id = mistake.from, mistake.becomes, ("%s@%d-%d"):format(mistake.key, mistake.line, mistake.first)
  return found
end

--- Plants mistakes in a room until it has as many as are wanted. Returns false where time is over.
local function try_room(c, room, paths)
  local texts <const>, planted = read_all(c.tree, paths), 0
  local next_one <const> = draw.of_room(c.o.seed, room, paths, texts)
  for mistake in next_one do
    if planted == c.o.each then break end
    local row = c.known[row_of(room, c.o.seed, mistake, {}).id]
    if not row or (c.o.again and row.outcome == "survived" and not c.equivalents[row.key]) then
      if c.late() then return false end
      if c.equivalents[mistake.key] and not row then row = { outcome = "survived", tests = 0, left = 0, seconds = 0 }
      else row = trial.run(c.tree, mistake, c.tests, texts, c.o.budget) end
      results.add(c.path, row_of(room, c.o.seed, mistake, row))
      if row.outcome ~= "invalid" then say(row) end
    end
    if row.outcome ~= "invalid" then planted = planted + 1 end
  end
  return true
end

--- Makes the copy of the tree anew; what was measured of tests that are as before is kept.
local function renew(folder)
  local former <const> = folder .. "/former"
  copy.run("rm -rf '%s' '%s/marked' && mv '%s/tree' '%s'", former, folder, folder, former)
  copy.open(root, folder)
  copy.run("if [ -d '%s/build' ]; then mv '%s/build' '%s/tree/build'; fi", former, former, folder)
  for _, test in ipairs(list_tests(folder .. "/tree")) do
    local place <const> = former .. "/" .. test.name
    if copy.exists(place) and copy.read(place) ~= copy.read(folder .. "/tree/" .. test.name) then
      os.remove(("%s/reach/%s"):format(folder, test.name:gsub("/", "__")))
    end
  end
end

--- The mistakes of a file instead of drawn ones: { { key, tests = { name, ... } }, ... }.
local function try_given(c, given)
  local by_name = {}
  for _, test in ipairs(c.tests) do by_name[test.name] = test end
  for _, entry in ipairs(given) do
    local path <const> = entry.key:match "^([^:]+): "
    if path:find "^src/" then c.tree:make_programs() end
    local texts <const> = read_all(c.tree, { path })
    local found
    for _, mistake in ipairs(draw.of_file(path, texts[path])) do
      if mistake.key == entry.key then found = mistake end
    end
    if not found then error("there is no such mistake: " .. entry.key, 0) end
    local tests = {}
    for i, name in ipairs(entry.tests) do
      tests[i] = assert(by_name[name], name)
      tests[i].ended, tests[i].seconds, tests[i].n, tests[i].files = "ok", 5, 1, { [path] = { n = 1, [found.block] = true } }
    end
    local row <const> = row_of(rooms.of(path), c.o.seed, found, trial.run(c.tree, found, tests, texts, c.o.budget))
    for _, test in ipairs(tests) do test.files = {} end
    results.add(c.path, row)
    say(row)
  end
end

local function print_unreached(c, paths)
  for _, path in ipairs(paths) do
    local text <const> = copy.read(c.tree.tree .. "/" .. path)
    local lines = {}
    for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
    for _, line in ipairs(reach.unreached(c.tests, path, text)) do print(("%s:%d  %s"):format(path, line, lines[line]:match "^%s*(.*)")) end
  end
  return true
end

--- Plants the mistakes of each room in turn, C last; false where time was over before all were.
local function try_rooms(c)
  if not c.o.guess and not reach.measure(root, c.o.folder, c.tests, c.late) then return false end
  reach.read(c.o.folder, c.tree.tree, c.tests)
  local names, files = rooms.all(c.tree.tree)
  local go_through <const> = c.o.unreached and function(_, paths) return print_unreached(c, paths) end or function(...) return try_room(c, ...) end
  for _, is_c in ipairs { false, true } do
    for _, room in ipairs(names) do
      local asked = (not c.o.rooms or ("," .. c.o.rooms .. ","):find("," .. room .. ",", 1, true)) and (room:find "^src/" ~= nil) == is_c
      if asked and is_c and not c.o.unreached then c.tree:make_programs() end
      if asked and not go_through(room, files[room]) then return false end
    end
  end
  return true
end

local function report(c, whole)
  local _, list = results.read(c.path)
  local counts <const> = results.count(list, c.equivalents)
  print("\n" .. results.table(counts))
  for _, row in ipairs(list) do
    if row.outcome == "survived" then print("\n" .. results.diff(row)) end
  end
  if not whole then print "\nthe time was over before the end: start it again to go on" end
  local enough = whole
  for _, count in ipairs(counts) do
    if count.noticed < wanted_share * (count.planted - count.equivalent) then enough = false end
  end
  return enough
end

local function main()
  local o <const>, began = words(), os.time()
  if o.renew then renew(o.folder) end
  local tree <const> = copy.open(root, o.folder)
  tree:take_programs()
  local c <const> = { o = o, tree = tree, path = o.folder .. "/results.jsonl", equivalents = dofile(here .. "equivalents.lua"), tests = list_tests(tree.tree) }
  function c.late() return os.time() - began >= o.seconds end
  c.known = results.read(c.path)
  local given <const> = o.only and dofile(o.only)
  local whole = true
  if given then try_given(c, given) else whole = try_rooms(c) end
  return not o.unreached and report(c, whole)
end

local ok, result = pcall(main)
if not ok then io.stderr:write(tostring(result), "\n") end
os.exit(ok and result)
