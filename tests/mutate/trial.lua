-- One mistake in the copy: is it a program, and which test notices it?
local copy <const> = require "copy"
local rooms <const> = require "rooms"
local reach <const> = require "reach"
local rules <const> = require "rules"
local tokens <const> = require "tokens"

local trial <const> = {}

--- Whether the file with the mistake compiles and loads.
local function is_program(tree, mistake, changed)
  if tokens.language(mistake.file) == "c" then return true end -- the compiler says
  if not load(changed) then return false end
  local module <const> = mistake.file:match "^lua/(fm.*)%.lua$"
  if not module or rooms.of(mistake.file) == "verify" then return true end
  return tree:try(("build/fmrun64 -e 'require %q'"):format((module:gsub("/init$", ""):gsub("/", "."))), 20) == "ok"
end

--- What a failed test is called, by the first line of TAP or cmocka that says so.
local function name_of_failure(said)
  local name = said:match "\nnot ok %d+ %- ([^\n]*)" or said:match "^not ok %d+ %- ([^\n]*)" or said:match "%[  FAILED  %] ([%w_]+)"
  return name or said:match "([^\n]*)\n*$"
end

local longest <const> = 300 -- seconds of a test

--- Whether a test passes without a mistake, in the tree as it is: asked once for each, when it
--- first fails.
local function is_fit(tree, test, restore)
  if test.fit == nil then
    restore()
    for target in (test.built and test.target or ""):gmatch "%S+" do tree:build(target, test.preset) end
    local ended, _, seconds = tree:try(test.command, longest)
    test.fit, test.seconds = ended == "ok", math.max(test.seconds, seconds)
  end
  return test.fit
end

--- Builds what a test of a mistake in C needs; false: it does not compile.
local function build(tree, mistake, test, built)
  local targets <const> = test.target .. (mistake.file:find "^src/mpi/" and not test.preset and " fmmpi" or "")
  for target in targets:gmatch "%S+" do
    local known <const> = target .. (test.preset or "")
    if not built[known] and not tree:build(target, test.preset) then return false end
    built[known] = true
  end
  return true
end

--- The seconds after which a test with a mistake is taken for one that does not end.
local function limit_of(test)
  return math.max(60, math.ceil(12 * test.seconds))
end

--- Runs the tests of a planted mistake in turn. Returns a row without what names the mistake.
local function search(tree, mistake, list, how)
  local row, is_c, built = { outcome = "survived", tests = 0, left = 0, seconds = 0 }, tokens.language(mistake.file) == "c", {}
  local planned = 0 -- seconds, as they were measured: so that it does not matter how busy the machine is
  for k, test in ipairs(list) do
    if row.tests > 0 and planned + test.seconds > how.budget then
      row.left = row.left + 1
    elseif test.fit ~= false then
      planned = planned + test.seconds
      how.plant()
      if is_c and not build(tree, mistake, test, built) then
        return { outcome = k == 1 and "invalid" or "noticed", tests = 0, left = 0, seconds = 0, by = "the build" }
      end
      test.built = is_c
      local ended, said, seconds = tree:try(test.command, limit_of(test))
      if ended ~= "ok" and is_c then built = {} end
      local counts = ended ~= "ok" and is_fit(tree, test, how.restore)
      row.tests, row.seconds = row.tests + 1, row.seconds + seconds
      if counts and ended == "hung" and seconds < limit_of(test) then -- it takes longer than was thought
        how.plant()
        if is_c then build(tree, mistake, test, built) end
        ended, said = tree:try(test.command, limit_of(test))
      end
      if counts and ended ~= "ok" then
        row.outcome, row.by, row.failure = "noticed", test.name, ended == "hung" and "it does not end" or name_of_failure(said)
        return row
      end
    end
  end
  return row
end

--- Plants a mistake and tries the tests that reach it, for at most `budget` seconds of tests after
--- the first one. `texts`: path -> the text without a mistake.
function trial.run(tree, mistake, tests, texts, budget)
  local place <const>, text <const> = tree.tree .. "/" .. mistake.file, texts[mistake.file]
  local changed <const>, planted = rules.planted(text, mistake), nil
  local function put(new)
    if planted == new then return end
    planted = new
    copy.write(place, new)
  end
  local how <const> = { budget = budget, plant = function() put(changed) end, restore = function() put(text) end }
  how.plant()
  local row = is_program(tree, mistake, changed) and search(tree, mistake, reach.order(tests, mistake), how)
    or { outcome = "invalid", tests = 0, left = 0, seconds = 0 }
  how.restore()
  return row
end

return trial
