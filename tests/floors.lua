-- Checks that the arrows between files point down, that there are no circles, and that no file
-- keeps a list of what lies in a room. Run it in the root of a source tree; tests/floors does. It
-- reads everything from the folders:
--
--   a room is a folder of lua/fm with an init.lua: a script can name what lies in it
--   machinery is a folder of lua/fm without one: cli, run, sweep, records, report
--   a unit of C is a pair of files, name.c and name.h
local failures = 0

local function complain(what, ...)
  failures = failures + 1
  print((what:format(...)))
end

local function lines_of(command)
  local lines, pipe <close> = {}, assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines
end

local function text_of(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function sorted(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

-- ---- arrows that are allowed between rooms, and why ----

local allowed <const> = {
  ["diffusion -> flow"] = "a batch, its noise and its conditions are drawn as those of a flow, and edm_heun reads a model of a flow",
  ["diffusion -> ode"] = "a chain runs in ode.solve's loop",
  ["discrete -> flow"] = "times are drawn, and conditions hidden and guided, as those of a flow",
  ["flow -> ode"] = "a likelihood, an encoding and a decoding are solves",
  ["metrics -> optim"] = "c2st trains a classifier",
  ["sde -> ode"] = "fixed steps, their grids and saved states are those of ode.solve",
  ["sde -> flow"] = "a flow with noise follows the flow's score",
}

-- Arrows from file to file that may point up, and why.
local upward <const> = {
  ["fm -> fm.cli.stock"] = "under stock Lua fm is where the program begins, as cli/main.lua is under fmrun",
}

-- What works from the files of runs alone. It may not know what makes them.
local reads_files_alone <const> = { records = { "run", "sweep", "report" }, report = { "run", "sweep" } }

-- Files that may name things of a room, and why.
local may_list <const> = {
  ["lua/fm/records/objective.lua"] = "what results are mostly called, the better known first",
}

-- ---- Lua: what a file says, without its comments ----

--- The code with every string and comment cut out, and the strings in order; where a string was,
--- the code has \1.
local function code_and_strings(text)
  local code, strings, i = {}, {}, 1
  local function keep(string)
    code[#code + 1], strings[#strings + 1] = "\1", string
  end
  while i <= #text do
    local plain = text:match("^[^-\"'%[]+", i)
    local level = text:match("^%-%-%[(=*)%[", i)
    local long = text:match("^%[(=*)%[", i)
    local quote = text:match("^[\"']", i)
    if plain then
      code[#code + 1], i = plain, i + #plain
    elseif level then
      i = select(2, text:find("]" .. level .. "]", i, true)) + 1
    elseif text:find("^%-%-", i) then
      i = text:find("\n", i, true) or #text + 1
    elseif long then
      local last = select(2, text:find("]" .. long .. "]", i, true))
      keep(text:sub(i + #long + 2, last - #long - 2))
      i = last + 1
    elseif quote then
      local stop = i + 1
      while text:sub(stop, stop) ~= quote do stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1) end
      keep(text:sub(i + 1, stop - 1))
      i = stop + 1
    else
      code[#code + 1], i = text:sub(i, i), i + 1
    end
  end
  return table.concat(code), strings
end

--- { path, module, code, strings } of every Lua file of fm, but the reference.
local function lua_files()
  local files = {}
  for _, path in ipairs(lines_of "find lua/fm -name '*.lua' | LC_ALL=C sort") do
    local module = path:match "^lua/(.*)%.lua$":gsub("/init$", ""):gsub("/", ".")
    if module ~= "fm.meta.fm" then
      local file = { path = path, module = module }
      file.code, file.strings = code_and_strings(text_of(path))
      files[#files + 1], files[module] = file, file
    end
  end
  return files
end

-- ---- Lua: the arrows of a file ----

--- Follows .name.name at `place` of the code through rooms of fm: the module that is reached.
local function reached(files, code, place)
  local module = "fm"
  for name in (code:match("^[%.%w_]+", place) or ""):gmatch "%.([%a_][%w_]*)" do
    if not files[module .. "." .. name] or not files[module].path:find "init%.lua$" then break end
    module = module .. "." .. name
  end
  return module
end

--- Sets file.arrows: module -> true. An arrow is a require, what is reached through fm, and a
--- module in a folder that is named in a string, as the finder takes it. file.requires has the
--- first two.
local function find_arrows(files, file)
  file.requires, file.arrows = {}, {}
  local function add(module)
    if files[module] and module ~= file.module then file.requires[module], file.arrows[module] = true, true end
  end
  local n = 0
  for before, after in file.code:gmatch "()\1()" do
    n = n + 1
    local string = file.strings[n]
    if file.code:sub(1, before - 1):find "require%s*%(?%s*$" then
      add(string)
      if string == "fm" then add(reached(files, file.code, file.code:match("^%s*%)?()", after))) end
    elseif files[string] and string ~= file.module and not files[string].path:find "^lua/fm/[%w_]+%.lua$" then
      file.arrows[string] = true
    end
  end
  for place in file.code:gmatch "%f[%w_.:]fm()%." do add(reached(files, file.code, place)) end
end

-- ---- circles ----

--- Prints each circle of a graph node -> { node = true } once, by a way around it.
local function find_circles(graph, what)
  local state, way = {}, {}
  local function visit(node)
    state[node] = "open"
    way[#way + 1] = node
    for _, other in ipairs(sorted(graph[node] or {})) do
      if state[other] == "open" then
        local first = #way
        while way[first] ~= other do first = first - 1 end
        complain("%s: %s -> %s", what, table.concat(way, " -> ", first), other)
      elseif not state[other] then
        visit(other)
      end
    end
    way[#way] = nil
    state[node] = "done"
  end
  for _, node in ipairs(sorted(graph)) do
    if not state[node] then visit(node) end
  end
end

-- ---- Lua: rooms ----

--- The folder or file of lua/fm that a module belongs to: "nn" for fm.nn.linear, "fm" for fm
--- itself.
local function room_of(module)
  return module:match "^fm%.([%w_]+)" or "fm"
end

local function check_rooms(files)
  local graph, used, is_room, is_machinery = {}, {}, {}, {}
  for _, file in ipairs(files) do
    local room = room_of(file.module)
    graph[room] = graph[room] or {}
    if file.path == ("lua/fm/%s/init.lua"):format(room) then is_room[room] = true end
    if file.path:find("^lua/fm/[%w_]+/") then is_machinery[room] = true end
  end
  is_machinery.parts = nil
  for room in pairs(is_room) do is_machinery[room] = nil end
  for _, file in ipairs(files) do
    local room = room_of(file.module)
    for _, module in ipairs(sorted(file.arrows)) do
      local other = room_of(module)
      local arrow = room .. " -> " .. other
      if other ~= room and other ~= "fm" then -- every file may reach for fm itself, which finds the rooms
        graph[room][other] = true
        if is_room[room] and is_room[other] and not allowed[arrow] then complain("%s: %s knows %s", file.path, room, module) end
        if is_room[room] and is_machinery[other] then complain("%s: a room knows %s, which is above it", file.path, module) end
        if other == "cli" then complain("%s: knows %s: nothing below the command line knows it", file.path, module) end
        used[arrow] = true
      end
      for _, name in ipairs(reads_files_alone[room] or {}) do
        if other == name then complain("%s: %s works from files alone, and knows %s", file.path, room, module) end
      end
    end
  end
  for arrow in pairs(allowed) do
    if not used[arrow] then complain("%s is allowed, and nothing needs it", arrow) end
  end
  find_circles(graph, "a circle of rooms")
end

local function check_files(files)
  local graph = {}
  for _, file in ipairs(files) do graph[file.module] = file.requires end
  find_circles(graph, "a circle of files")
end

-- ---- Lua: lists of what lies in a room ----

local most_names <const> = 3

--- The folders of modules: "fm.cli.command".
local function folders_of(files)
  local folders = {}
  for _, file in ipairs(files) do folders[file.module:match "^(.*)%.[%w_]+$" or "fm"] = true end
  return folders
end

--- room -> { name = true }, for every folder with an init.lua, and for every other one that a file
--- names in a string, as the finder of commands does.
local function names_by_room(files)
  local rooms, folders = {}, folders_of(files)
  for _, file in ipairs(files) do
    if file.path:find "/init%.lua$" then rooms[file.module] = {} end
    for _, string in ipairs(file.strings) do
      if folders[string] and not files[string] then rooms[string] = {} end
    end
  end
  for _, file in ipairs(files) do
    local room, name = file.module:match "^(.*)%.([%w_]+)$"
    if rooms[room] then rooms[room][name] = true end
  end
  return rooms
end

--- The words that a list in the file may be made of: strings that are a word, or words and what
--- stands between them; and keys of sets.
local function words_of(file)
  local words, lists = {}, {}
  for _, string in ipairs(file.strings) do
    if string:find "^[%a_][%w_.]*$" then
      words[string] = not file.requires[string] -- what a file needs is no list
    elseif string:find "^[%w_., |]+$" then
      lists[#lists + 1] = string
    end
  end
  for key in file.code:gmatch "%f[%w_]([%a_][%w_]*)%s*=%s*true%f[^%w_]" do words[key] = true end
  return words, lists
end

--- Adds the names in a string that is made of names of the room alone.
local function add_names(found, names, list)
  local all = {}
  for word in list:gmatch "[%w_.]+" do
    if not names[word] then return end
    all[#all + 1] = word
  end
  for _, word in ipairs(all) do found[word] = true end
end

local function check_lists(files)
  local rooms, excused = names_by_room(files), {}
  for _, file in ipairs(files) do
    local words, lists = words_of(file)
    for _, room in ipairs(sorted(rooms)) do
      local found = {}
      for name in pairs(rooms[room]) do
        local full = room .. "." .. name
        if words[name] or words[full] or words[full:gsub("^fm%.", "")] then found[name] = true end
      end
      for _, list in ipairs(lists) do add_names(found, rooms[room], list) end
      local names = sorted(found)
      if #names > most_names and may_list[file.path] then
        excused[file.path] = true
      elseif #names > most_names then
        complain("%s: names %d things of %s, as a list of them does: %s", file.path, #names, room, table.concat(names, ", "))
      end
    end
  end
  for path in pairs(may_list) do
    if not excused[path] then complain("%s may list things of a room, and does not", path) end
  end
end

-- ---- C ----

local above <const> = { core = { "io", "draw", "bind" }, io = { "draw", "bind" }, draw = { "bind" } }

--- The unit, "core/tensor", of the header that is included from a folder: its own, else that of
--- another.
local function unit_of(header, folder, headers)
  local name = header:match "([%w_]+)%.h$"
  return headers[("%s/%s"):format(folder, name)] or headers[name]
end

local function check_c()
  local graph, headers = {}, {}
  local paths = lines_of "find src -name '*.[ch]' | LC_ALL=C sort"
  for _, path in ipairs(paths) do
    local unit = path:match "^src/(.*)%.[ch]$"
    graph[unit] = {}
    if path:find "%.h$" then headers[unit], headers[unit:match "[^/]+$"] = unit, unit end
  end
  for _, path in ipairs(paths) do
    local own = path:match "^src/(.*)%.[ch]$"
    local folder = own:match "^(.-)/" or ""
    for header in text_of(path):gmatch '#%s*include%s*[<"]([^>"]+)' do
      local unit = unit_of(header, folder, headers)
      if unit and unit ~= own then graph[own][unit] = true end
      if above[folder] and (header == "lua.h" or header == "lualib.h" or header == "lauxlib.h") then
        complain("%s: Lua below the binding: %s", path, header)
      end
      for _, name in ipairs(above[folder] or {}) do
        if (unit or ""):match "^[^/]+" == name then complain("%s: %s knows %s: %s", path, folder, name, header) end
      end
    end
  end
  find_circles(graph, "a circle of C files")
end

-- ---- all ----

--- Takes the arrows that may point up away.
local function allow_upward(files)
  for arrow in pairs(upward) do
    local from, to = arrow:match "^(%S+) %-> (%S+)$"
    local file = files[from]
    if file and file.arrows[to] then
      file.arrows[to], file.requires[to] = nil, nil
    else
      complain("%s is allowed, and nothing needs it", arrow)
    end
  end
end

local files <const> = lua_files()
for _, file in ipairs(files) do find_arrows(files, file) end
allow_upward(files)
check_rooms(files)
check_files(files)
check_lists(files)
check_c()
os.exit(failures == 0)
