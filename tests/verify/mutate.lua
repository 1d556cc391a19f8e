-- Plants wrong formulas into a copy of this tree, one at a time, and tells which rows of `fmrun
-- verify` find each. It fails when one is found by none, or when a row does not hold without any.
--   fmrun tests/verify/mutate.lua                                all of mutations.lua
--   fmrun tests/verify/mutate.lua -- solver_weight cases=solvers one, looked for by these cases
-- Files of Lua are changed in a copy of lua/ beside a copy of the binary; a file of C is changed in
-- a copy of the sources, which is built there.
local fm <const> = require "fm"
local here <const> = arg[0]:match "^(.*)/" or "."
local root <const> = here .. "/../.."
local files <const> = dofile(root .. "/tests/whole_files.lua")
local read <const>, write <const> = files.read, files.write

local function run(command, ...)
  local text = command:format(...)
  if not os.execute(text) then error("this failed: " .. text, 0) end
end

--- The words after the script: names of mutations, and the cases that look for them.
local function words()
  local names, cases = {}, ""
  for _, word in ipairs(arg) do
    if word:find "^cases=" then cases = word:sub(7):gsub(",", " ") else names[word] = true end
  end
  local list, known = {}, dofile(here .. "/mutations.lua")
  for _, mutation in ipairs(known) do
    if not next(names) or names[mutation.name] then list[#list + 1], names[mutation.name] = mutation, next(names) and false end
  end
  for name, missing in pairs(names) do
    if missing then error("there is no mutation " .. name, 0) end
  end
  return list, cases
end

--- The rows that do not hold, as "case: what", and how many there are.
local function failing(fmrun, cases)
  local pipe <close> = assert(io.popen(("%s verify %s --json"):format(fmrun, cases)))
  local found, count = {}, 0
  for line in pipe:lines() do
    local row = assert(fm.json.decode(line))
    count = count + 1
    if not row.ok then found[#found + 1] = ("%s: %s"):format(row.case, row.what) end
  end
  return found, count
end

--- The file of the copy with the mutation in it.
local function changed(mutation)
  local text = read(("%s/%s"):format(root, mutation.file))
  local first, last = text:find(mutation.from, 1, true)
  if not first or text:find(mutation.from, last, true) then
    error(("%s: %s does not hold this once: %s"):format(mutation.name, mutation.file, mutation.from), 0)
  end
  return text:sub(1, first - 1) .. mutation.to .. text:sub(last + 1)
end

--- A copy of the sources, ready to be built with the number type of this binary. Returns the path
--- of the binary and a function that builds it.
local function sources(folder)
  local target <const> = fm.real == "double" and "fmrun64" or "fmrun"
  run("cd %s && git ls-files -z | xargs -0 cp --parents -t %s", root, folder)
  run("cd %s && cmake --preset release >configure.log", folder)
  return ("%s/build/%s"):format(folder, target), function() run("cd %s && cmake --build build --target %s >build.log", folder, target) end
end

local function main(folder)
  local list, cases = words()
  local bin, built, build = folder .. "/bin/fmrun", nil, nil
  run("mkdir -p %s/bin %s/c && cp %s %s && cp -r %s/lua %s/lua", folder, folder, require "luv".exepath(), bin, root, folder)
  local found, count = failing(bin, cases)
  if #found > 0 or count == 0 then error(("without a mutation %d of %d rows do not hold"):format(#found, count), 0) end
  print(("%-28s %-38s %s"):format("MUTATION", "FILE", "ROWS THAT FAIL, of " .. count))
  local missed = 0
  for _, mutation in ipairs(list) do
    local is_c = mutation.file:find "^src/"
    if is_c and not built then built, build = sources(folder .. "/c") end
    local place = ("%s%s/%s"):format(folder, is_c and "/c" or "", mutation.file)
    local former = read(place)
    write(place, changed(mutation))
    if is_c then build() end
    found = failing(is_c and built or bin, cases)
    write(place, former)
    if #found == 0 then missed = missed + 1 end
    print(("%-28s %-38s %s"):format(mutation.name, mutation.file, #found == 0 and "NONE" or #found))
    for _, row in ipairs(found) do print("    " .. row) end
    io.stdout:flush()
  end
  print(("%d of %d mutations found"):format(#list - missed, #list))
  return missed == 0
end

local folder <const> = os.tmpname()
os.remove(folder)
local ok, result = pcall(main, folder)
os.execute("rm -rf " .. folder)
if not ok then io.stderr:write(tostring(result), "\n") end
os.exit(ok and result)
