-- Damaged and strange run folders, and every command that looks at runs on each. None may raise a
-- Lua error, hang, print terminal escapes, print invalid JSON with --json, or end with an exit code
-- that `fmrun --help` does not list; and nothing outside of the runs may change.
--   FMRUN=build/fmrun fmrun tests/fuzz/run_folders.lua [COUNT [SEED]]        COUNT folders, drawn;
--     all of them when it is 0 or not given
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local uv <const> = require "luv"
local files <const> = dofile((arg[0]:match "^(.*)/" or ".") .. "/../whole_files.lua")
local read <const>, write <const> = files.read, files.write

local most <const>, seed <const> = math.tointeger(tonumber(arg[1] or "0")), math.tointeger(tonumber(arg[2] or "1"))
local here <const> = lfs.currentdir()
local fmrun <const> = uv.fs_realpath((assert(os.getenv "FMRUN", "FMRUN must name the binary under test")))
local patience <const> = 30 -- seconds

local function run(command)
  assert(os.execute(command))
end

-- ---- the folder that is damaged anew for each case ----

local work <const> = os.tmpname()
os.remove(work)
run("mkdir -p " .. work .. "/good " .. work .. "/case")
write(work .. "/good/toy.lua", [[
local fm = require "fm"
return fm.experiment { name = "toy", params = { steps = 12, lr = 0.1, note = "", fail_at = 0 }, run = function(run, p)
  print("note:", p.note)
  local best = { value = 1 }
  run:keeps { best = best, noise = fm.ones(3) }
  for step in run:steps(p.steps) do
    run:log { loss = p.lr / step, note = p.note }
    if step == p.fail_at then error "it fails" end
  end
  run:summary { w2 = p.lr, steps = p.steps }
  run:save("last.npy", fm.ones(2))
  run:picture("samples", fm.plot.scatter(fm.rng(1):normal(9, 2)))
end }]])

local function prepare()
  local saves <const> = "-q --checkpoint-every 4"
  local go <const> = ("cd %s/good && %s "):format(work, fmrun)
  run(go .. "-q toy.lua >/dev/null")
  os.execute(go .. saves .. " toy.lua fail_at=9 >/dev/null 2>&1")
  run(go .. "-m -q toy.lua lr=0.1,0.2 seed=1:2 >/dev/null 2>&1")
end

prepare()

--- The folders below good/runs/toy, by what they are: done, failed, sweep.
local places <const> = {}
for name in lfs.dir(work .. "/good/runs/toy") do
  local path = "runs/toy/" .. name
  if name:find "^sweep" then
    places.sweep = path
  elseif name:find "^%d" then
    places[read(work .. "/good/" .. path .. "/run.json"):find('"status":"done"', 1, true) and "done" or "failed"] = path
  end
end

-- ---- values ----

local deep <const> = ("["):rep(31) .. ("]"):rep(31)
local hostile <const> = "\27[31m\27]0;title\7\nline\ttab\r\0\127\u{9b}\u{202e}</script><b>\"'&__proto__$(touch hacked)`%s%n\\"
local values <const> = { "null", "true", "0", "-1", "1e308", "5e-324", "9223372036854775807", "-9223372036854775808", '""', '"text"', "[]", "[1]", "{}",
  '{"a":1}', '{"a":{"b":[]}}', deep, fm.json.encode(hostile), fm.json.encode(("x"):rep(20000)), fm.json.encode(hostile:rep(50)), '"nan"', '"../../.."',
  '"/dev/zero"', '["a","b"]', '[{"path":"/dev/zero","hash":"0"},{"path":"/proc/kmsg","hash":"0"},{"path":".","hash":""},{"path":"","hash":""}]' }
local names <const> = { hostile:gsub("[%z/]", "_"), "__proto__", "constructor", "", " ", ("n"):rep(200), "a=b", "-rf", "%s", "step", "seed", "status" }
local texts <const> = { "", "x", "[", deep, ("["):rep(100000), '"', "\0\0\0\0", '{"a":1,"a":2}', "{}{}", "\xff\xfe", '{"status":"done"}', "[{}]", "3",
  '{"status":"done","experiment":"x","versions":{"fmrun":"1"}}' }

-- ---- damage: list of { name, f(path of the case's folder) } ----

local cases <const> = {}

local function add(name, f)
  cases[#cases + 1] = { name = name, f = f }
end

--- Writes a state with the digest that it has: what nobody could have written by accident.
local function write_json(path, text)
  local value = fm.json.decode(text)
  if path:find "state%.json$" and type(value) == "table" and type(value.state) == "table" then
    text = fm.json.encode { hash = fm.file.hash(fm.json.encode(value.state)), state = value.state }
  end
  write(path, text)
end

--- Every place in a JSON value, as a list of keys.
local function each_place(value, keys, f)
  if #keys > 0 then f(keys) end
  if type(value) ~= "table" or #keys == 4 then return end
  for key, inner in pairs(value) do
    if math.type(key) ~= "integer" or key == 1 then each_place(inner, table.move(keys, 1, #keys, 1, { [#keys + 1] = key }), f) end
  end
end

local token <const> = "the place of another value"

--- The text of a JSON file with the value at a place replaced by a text; nil removes it.
local function replaced(path, keys, text)
  local root = assert(fm.json.decode(read(path)))
  local at = root
  for i = 1, #keys - 1 do at = at[keys[i]] end
  if math.type(keys[#keys]) == "integer" and not text then table.remove(at, keys[#keys]) else at[keys[#keys]] = text and token or nil end
  local made = fm.json.encode(root)
  if not text then return made end
  local first, last = made:find(('"%s"'):format(token), 1, true)
  return made:sub(1, first - 1) .. text .. made:sub(last + 1)
end

local function damage_json(file)
  local good = work .. "/good/" .. file
  each_place(assert(fm.json.decode(read(good))), {}, function(keys)
    local place = ("%s %s"):format(file:match "[^/]*$", table.concat(keys, "."))
    add(place .. " missing", function(at) write_json(at .. "/" .. file, replaced(good, keys)) end)
    for _, text in ipairs(values) do
      add(("%s is %s"):format(place, text:sub(1, 40)), function(at) write_json(at .. "/" .. file, replaced(good, keys, text)) end)
    end
  end)
  for _, text in ipairs(texts) do add(("%s is %s"):format(file, text:sub(1, 40)), function(at) write(at .. "/" .. file, text) end) end
end

--- A file that is another kind of thing.
local function damage_kind(file)
  local commands <const> = { missing = "rm -f @", empty = ": >@", folder = "rm -f @; mkdir @", pipe = "rm -f @; mkfifo @", zeros = "ln -sf /dev/zero @",
    ["kernel's log"] = "ln -sf /proc/kmsg @", ["terminal"] = "ln -sf /dev/tty @",
    loop = "ln -sf $(basename @) @", upwards = "ln -sfn .. @", huge = "truncate -s 12G @",
    ["zeros at its end"] = "truncate -s +100000 @", half = "truncate -s $(($(stat -c %s @) / 2)) @", noise = "head -c 5000 /dev/urandom >@" }
  if file:find "log%.txt$" then commands.huge = nil end -- it is printed, however long it is
  for what, command in pairs(commands) do
    add(("%s: %s"):format(file:match "[^/]*/[^/]*$", what), function(at) run((command:gsub("@", "'" .. at .. "/" .. file .. "'"))) end)
  end
end

for _, file in ipairs { "/run.json", "/config.json", "/state.json" } do damage_json(places.failed .. file) end
damage_json(places.done .. "/run.json")
damage_json(places.sweep .. "/sweep.json")
for _, file in ipairs { "/run.json", "/config.json", "/state.json", "/metrics.jsonl", "/timing.jsonl", "/log.txt", "/lock", "/checkpoint-1.safetensors" } do
  damage_kind(places.failed .. file)
end
for _, file in ipairs { "/run.json", "/samples.png", "/metrics.jsonl", "/report.html", "/last.npy" } do damage_kind(places.done .. file) end
for _, file in ipairs { "/sweep.json", "/lock" } do damage_kind(places.sweep .. file) end

for _, name in ipairs(names) do
  local quoted = fm.json.encode(name)
  for _, place in ipairs { places.done, places.failed } do
    add("a parameter and a result called " .. name:sub(1, 20), function(at)
      local path = at .. "/" .. place .. "/run.json"
      local text = read(path):gsub('"note":""', function() return quoted .. ":1" end):gsub('"w2":', function() return quoted .. ":2,\"w2\":" end)
      write(path, text)
      write(at .. "/" .. place .. "/config.json", ('{%s:1}'):format(quoted))
    end)
    add("a metric called " .. name:sub(1, 20), function(at)
      local lines = {}
      for step = 1, 5 do
        local value = fm.json.encode(step % 2 == 0 and name or 0.5)
        lines[step] = ('{"step":%d,"loss":%d,%s:%s}\n'):format(step, step, quoted == '"step"' and '"x"' or quoted, value)
      end
      write(at .. "/" .. place .. "/metrics.jsonl", table.concat(lines))
    end)
  end
  if name ~= "" then
    add("a picture called " .. name:sub(1, 20), function(at) run(("cp %s/%s/samples.png \"$(printf '%%s' %s)\""):format(at, places.done,
      "'" .. (at .. "/" .. places.done .. "/" .. name .. ".png"):gsub("'", "'\\''") .. "'")) end)
    add("an experiment called " .. name:sub(1, 20), function(at) os.rename(at .. "/runs/toy", at .. "/runs/" .. name) end)
  end
end

for _, line in ipairs { "", "{}", "[]", "3", '"x"', "null", "{", "\0\0\0", '{"step":1}', '{"step":"x","loss":1}', '{"step":null,"loss":null}',
  '{"step":{},"loss":[]}',
  '{"step":1e308,"loss":1e308}', '{"step":-5,"loss":"nan"}', '{"step":9223372036854775807,"loss":-1e308}', '{"step":2,"loss":"-inf"}', '{"loss":true}',
  ('{"step":1,"loss":"%s"}'):format(("x"):rep(3 << 20)), '{"step":1,"loss":' .. deep .. "}", fm.json.encode { step = 1, loss = hostile } } do
  for _, ending in ipairs { "\n", "" } do
    add(("metrics.jsonl with %s%s"):format(line:sub(1, 30), ending == "" and ", cut" or ""), function(at)
      for _, place in ipairs { places.done, places.failed } do
        local path = at .. "/" .. place .. "/metrics.jsonl"
        write(path, read(path) .. line .. "\n" .. line .. ending)
      end
    end)
  end
end
add("metrics.jsonl of a million lines", function(at)
  write(at .. "/" .. places.done .. "/metrics.jsonl", ('{"step":1,"loss":0.5,"lr":0.1}\n'):rep(1000000))
end)
add("a log of all bytes", function(at)
  local bytes = {}
  for byte = 0, 255 do bytes[byte + 1] = string.char(byte) end
  write(at .. "/" .. places.done .. "/log.txt", table.concat(bytes):rep(1000))
end)
add("a folder that goes round", function(at) run(("cd %s/%s && ln -s . round && mkdir -p a/b && ln -s ../.. a/b/up"):format(at, places.done)) end)
add("pictures that are not pictures", function(at)
  run(("cd %s/%s && echo x >bad.png && : >empty.png && mkdir folder.png && mkfifo pipe.png && ln -s /etc/hostname out.png"):format(at, places.done))
  write(at .. "/" .. places.done .. "/a.svg", "<svg onload=alert(1)>")
end)
add("a run in the place of the experiment", function(at)
  run(("cd %s && cp %s/run.json runs/toy/ && cp %s/run.json runs/"):format(at, places.done, places.done))
end)
add("a run that holds runs", function(at) run(("cd %s && cp -r %s %s/20260101-000000-00000000"):format(at, places.done, places.failed)) end)

-- ---- commands ----

local commands <const> = {
  "ls", "ls --json", "ls --sort w2 --where 'lr<1'", "ls --failed", "show F", "show D", "show --json F", "show D --color always", "log F", "log D", "path F",
  "diff F D", "diff D F --json", "compare D F", "compare D F --csv", "compare D F --json --metric loss", "compare S", "ls S --json", "report D -o page.html",
  "report F -o page.html", "report S -o page.html", "export D F --to csv", "export D --to tensorboard", "export F --to tensorboard",
  "completion --line 'fmrun show '",
  "resume -q F", "resume -q S", "worker -q S", "resume -q --force F", "rm -f F", "rm -f D", "rm -f S", "ls",
}

local codes <const> = { [0] = true, [1] = true, [2] = true, [3] = true }

--- Runs fmrun in the case's folder; returns exit code, signal, stdout, stderr; the signal is "hang"
--- when it had to be ended.
local function start(at, command)
  local out, err <const>, result = uv.new_pipe(), uv.new_pipe(), {}
  local process = assert(uv.spawn("/bin/sh", { args = { "-c", "exec " .. fmrun .. " " .. command }, cwd = at, stdio = { nil, out, err } },
    function(code, signal) result.code, result.signal = code, signal end))
  local heard, open = { {}, {} }, 2
  for i, pipe in ipairs { out, err } do
    pipe:read_start(function(_, chunk)
      if chunk then table.insert(heard[i], chunk) else open = open - 1 end
    end)
  end
  local timer <const> = uv.new_timer()
  timer:start(patience * 1000, 0, function()
    result.hang = true
    process:kill "sigkill"
  end)
  while open > 0 or not result.code do uv.run "once" end
  for _, handle in ipairs { timer, out, err, process } do handle:close() end
  uv.run "nowait"
  return result.code, result.hang and "hang" or result.signal, table.concat(heard[1]), table.concat(heard[2])
end

--- What is wrong with what a command did, or nil.
local function complaint(command, code, signal, out, err)
  if signal == "hang" then return ("hangs for %d s"):format(patience) end
  if signal ~= 0 then return ("ended by signal %s"):format(signal) end
  if not codes[code] then return ("exit code %d"):format(code) end
  for _, text in ipairs { out, err } do
    local is_raised = text:find "stack traceback" and not text:find "toy%.lua:%d+: it fails" -- an error of the script itself, as recorded
    for _, sign in ipairs { "fm/[%w_/]+%.lua:%d+:", "attempt to %w+ a", "bad argument" } do is_raised = is_raised or text:find(sign) end
    if is_raised then return "raises a Lua error" end
  end
  for _, text in ipairs { command:find "%-%-csv" and "" or command:find "%-%-to csv" and "" or command:find "^path" and "" or out, err } do
    local plain = command:find "%-%-color" and text:gsub("\27%[%d+m", "") or text
    if plain:find "[\0-\8\11-\31\127]" or plain:find "\u{9b}" or plain:find "\u{202e}" or not utf8.len(plain) then return "prints what a terminal obeys" end
  end
  if command:find "%-%-json" then
    for line in out:gmatch "[^\n]+" do
      if not fm.json.decode(line) then return "no JSON: " .. line:sub(1, 60) end
    end
  end
  return nil
end

-- ---- the whole ----

local guard <const> = work .. "/guard"
local counts <const> = { folders = 0, commands = 0, complaints = 0 }

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function try(case)
  local at = ("%s/case"):format(work)
  run(("rm -rf %s && cp -r %s/good %s && mkdir -p %s && echo kept >%s/file"):format(at, work, at, guard, guard))
  case.f(at)
  counts.folders = counts.folders + 1
  for _, command in ipairs(commands) do
    local words = command:gsub("%f[%u][FDS]%f[%A]", { F = quoted(places.failed), D = quoted(places.done), S = quoted(places.sweep) })
    local code, signal, out, err = start(at, words)
    counts.commands = counts.commands + 1
    local problem = complaint(command, code, signal, out, err)
    if not problem and (lfs.attributes(at .. "/hacked") or lfs.attributes(at .. "/toy.lua") == nil) then problem = "a file outside of the runs changed" end
    if problem then
      counts.complaints = counts.complaints + 1
      print(("%s: fmrun %s: %s\n    %s"):format(case.name:gsub("[%c\x80-\xff]", "?"), command, problem, err:sub(1, 600):gsub("[%c\x80-\xff]", " ")))
    end
  end
end

local order = {}
for i = 1, #cases do order[i] = i end
if most and most > 0 and most < #cases then
  local drawn = fm.rng(seed, "folders"):permutation(#cases):totable()
  for i = 1, #cases do order[i] = math.tointeger(drawn[i]) end
  order = table.move(order, 1, most, 1, {})
end
for _, i in ipairs(order) do try(cases[i]) end
run("rm -rf " .. work)
lfs.chdir(here)
print(("%d of %d folders, %d commands, %d complaints"):format(counts.folders, #cases, counts.commands, counts.complaints))
os.exit(counts.complaints == 0, true)
