-- Which tests reach which block of which file: every test is run once in a copy of the tree whose
-- blocks say so (reached.lua, reached.h). FOLDER/reach/TEST holds what a test said. A test that
-- fails there, such as one that reads the source, is asked all the same.
local copy <const> = require "copy"
local blocks <const> = require "blocks"
local rooms <const> = require "rooms"
local tokens <const> = require "tokens"

local reach <const> = {}
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")

local limits <const> = { 20, 80, 300 } -- seconds of a test: those that take longer come last

--- The text with a call at the beginning of each block.
function reach.marked(path, text)
  local language <const> = tokens.language(path)
  local probes <const> = blocks(tokens.read(text, language), language)
  local call = language == "lua" and " __reached(%d);" or " FM_REACHED(%d);"
  local parts, at = {}, 1
  for block, probe in ipairs(probes) do
    parts[#parts + 1] = text:sub(at, probe.at) .. call:format(block)
    at = probe.at + 1
  end
  parts[#parts + 1] = text:sub(at)
  local head <const> = language == "lua" and ('local __reached <const> = require "fm.parts.reached" %q; __reached(0); '):format(path) or ""
  return head .. table.concat(parts)
end

--- The copy whose blocks say that they are reached.
local function marked_copy(root, folder)
  local tree <const> = copy.open(root, folder .. "/marked")
  if copy.exists(tree.tree .. "/marked") then return tree end
  local names <const>, files <const> = rooms.all(tree.tree)
  for _, room in ipairs(names) do
    for _, path in ipairs(files[room]) do
      local place <const> = tree.tree .. "/" .. path
      copy.write(place, reach.marked(path, copy.read(place)))
    end
  end
  copy.run("cp '%sreached.lua' '%s/lua/fm/parts/reached.lua' && cp '%sreached.h' '%s/reached.h'", here, tree.tree, here, tree.tree)
  copy.run("cmake -G Ninja -S '%s' -B '%s/build' -DCMAKE_BUILD_TYPE=MinSizeRel -DCMAKE_C_FLAGS_MINSIZEREL=-O2 " ..
    "-DCMAKE_C_FLAGS='-D_GNU_SOURCE= -w -include %s/reached.h' >/dev/null", tree.tree, tree.tree, tree.tree)
  copy.run("cmake --build '%s/build' >'%s/build.log' 2>&1", tree.tree, tree.folder)
  copy.write(tree.tree .. "/marked", "")
  return tree
end

local function place_of(folder, test)
  return ("%s/reach/%s"):format(folder, test.name:gsub("/", "__"))
end

--- Runs a test for at most `limit` seconds; keeps what it reached unless it takes longer than that.
local function measure_one(tree, place, test, limit)
  copy.write(tree.folder .. "/reached", "")
  local ended, said, seconds = tree:try("FM_REACHED=/mnt/reached " .. test.command, limit)
  if ended == "hung" and limit < limits[#limits] then return end
  copy.run("LC_ALL=C sort -u '%s/reached' -o '%s/reached.sorted'", tree.folder, tree.folder)
  copy.write(place, ("%s %.2f\n"):format(ended, seconds) .. copy.read(tree.folder .. "/reached.sorted"))
  print(("%-50s %-6s %6.1fs"):format(test.name, ended, seconds))
  if ended ~= "ok" then copy.write(place .. ".log", said) end
  io.stdout:flush()
end

--- Runs the tests that were not run yet, until `late` says so; returns whether all were.
function reach.measure(root, folder, tests, late)
  copy.run("mkdir -p '%s/reach'", folder)
  local tree
  for _, limit in ipairs(limits) do
    for _, test in ipairs(tests) do
      local place <const> = place_of(folder, test)
      if not copy.exists(place) then
        if late() then return false end
        tree = tree or marked_copy(root, folder)
        measure_one(tree, place, test, limit)
      end
    end
  end
  return true
end

local function read_one(place, test)
  for line in io.lines(place) do
    local file, block = line:match "^(%S+) (%d+)$"
    if not file then
      test.ended, test.seconds = line:match "^(%S+) ([%d.]+)$"
      test.seconds = tonumber(test.seconds)
    else
      test.files[file] = test.files[file] or { n = 0 }
      test.files[file][tonumber(block)] = true
      test.files[file].n, test.n = test.files[file].n + 1, test.n + 1
    end
  end
end

local guessed_seconds <const> = { lua = 5, golden = 1, core = 1, cli = 20 } -- by the folder of the test

--- What the tests reached: for each test its ended, seconds, n (blocks), file -> { block = true }.
--- For one that was not measured: its text, by whose words that is guessed.
function reach.read(folder, tree, tests)
  for _, test in ipairs(tests) do
    local place <const> = place_of(folder, test)
    test.files, test.n, test.ended, test.seconds = {}, 0, "ok", guessed_seconds[test.name:match "^tests/(%w+)/"] or 1
    if copy.exists(place) then read_one(place, test) else test.words = copy.read(tree .. "/" .. test.name) end
  end
end

local function stem_of(path)
  local stem <const> = path:match "([%w_]+)%.%w+$"
  return stem == "init" and path:match "([%w_]+)/init%.lua$" or stem
end

local for_its_file <const>, for_its_room <const> = 5, 3 -- only the order of tests depends on these

--- What a test is worth more because it is named for a file or its room.
local function named_for(test, path)
  local stem <const>, room <const> = stem_of(path), path:match "^lua/fm/([%w_]+)/"
  local own <const> = test.name:match "([%w_]+)%.%w+$"
  if own:find(stem, 1, true) or stem:find((own:gsub("_spec$", ""):gsub("_test$", "")), 1, true) then return for_its_file end
  return room and own:find(room, 1, true) and for_its_room or 1
end

local words_of_a_block <const> = 200 -- bytes: only the order of tests depends on it

--- What a test whose reach was not measured has of a file: all of it when it names the file, or is
--- named as its room.
local function guess(test, path, block)
  if not test.words then return end
  local _, n = test.words:gsub("%f[%w_]" .. stem_of(path) .. "%f[^%w_]", "")
  if test.name:find(path:match "^lua/fm/([%w_]+)/" or "/", #"tests/", true) then n = n + 5 end
  if n == 0 and named_for(test, path) < for_its_file then return end
  test.n = #test.words / words_of_a_block
  return { n = n + 1, [block] = true }
end

local nearest <const> = 6 -- tests which are asked in float at once: what float alone computes is noticed there

--- The same tests, each in float as well: the nearest ones behind each other, the others at the
--- end, and behind them, for a mistake in C, those under ASan.
local function with_others(list, is_c)
  local all, late, last = {}, {}, {}
  for i, test in ipairs(list) do
    all[#all + 1] = test
    if test.float then
      test.float.seconds = math.max(test.float.seconds or 0, test.seconds)
      table.insert(i <= nearest and all or late, test.float)
    end
    if test.asan and is_c then
      test.asan.seconds = math.max(test.asan.seconds or 0, test.seconds)
      table.insert(last, test.asan)
    end
  end
  table.move(late, 1, #late, #all + 1, all)
  return table.move(last, 1, #last, #all + 1, all)
end

--- The tests that reach a block, those first that are most about its file for their time.
function reach.order(tests, mistake)
  local list, near = {}, {}
  for _, test in ipairs(tests) do
    local file <const> = test.ended ~= "hung" and (test.files[mistake.file] or guess(test, mistake.file, mistake.block))
    if file then
      test.worth = file.n / math.max(20, test.n) / (test.seconds + 0.2) * named_for(test, mistake.file)
      table.insert(file[mistake.block] and list or near, test)
    end
  end
  if #list == 0 then list = near end
  table.sort(list, function(a, b)
    if a.worth ~= b.worth then return a.worth > b.worth end
    return a.name < b.name
  end)
  return with_others(list, tokens.language(mistake.file) == "c")
end

--- The lines of a text at which blocks begin that no test reaches, in order: a mistake there is
--- noticed by none.
function reach.unreached(tests, path, text)
  local language <const>, lines = tokens.language(path), {}
  for block, probe in ipairs(blocks(tokens.read(text, language), language)) do
    local reached = false
    for _, test in ipairs(tests) do reached = reached or (test.files[path] and test.files[path][block]) end
    if not reached and lines[#lines] ~= probe.line then lines[#lines + 1] = probe.line end
  end
  return lines
end

return reach
