-- Checks that many specs share. A spec has busted's functions as globals, this file does not: they
-- are passed in.
local fm <const> = require "fm"
local assert <const> = require "luassert"
local lfs <const> = require "lfs"

local checks <const> = {}

local function live_bytes()
  collectgarbage()
  collectgarbage()
  return fm.live_bytes()
end

--- What runs between has given back all its tensors: (before_each, after_each) for every test,
--- (setup, teardown) for all of them together.
function checks.no_bytes_stay(before, after)
  local bytes
  before(function() bytes = live_bytes() end)
  after(function() assert.equal(bytes, live_bytes()) end)
end

--- The path of a folder that each test finds new and empty, and that is removed after it.
function checks.own_folder(before, after)
  local folder <const> = os.tmpname()
  os.remove(folder)
  before(function() assert(lfs.mkdir(folder)) end)
  after(function() os.execute("rm -r " .. folder) end)
  return folder
end

--- Modules of experiments, room.parts.NAME below a folder, by their names: loaded by (setup,
--- teardown) and forgotten.
function checks.parts_of(before, after, folder, room, names)
  local former <const>, parts = package.path, {}
  before(function()
    package.path = folder .. "/?.lua;" .. former
    for _, name in ipairs(names) do parts[name] = require(room .. ".parts." .. name) end
  end)
  after(function()
    package.path = former
    for name in pairs(package.loaded) do
      if name:find("^" .. room .. "%.") then package.loaded[name] = nil end
    end
  end)
  return parts
end

--- f() while a function of a table is another.
function checks.during(t, name, other, f)
  local own <const> = t[name]
  t[name] = other
  local ok, problem = pcall(f)
  t[name] = own
  if not ok then error(problem, 0) end
end

--- it(name, f) for what holds in double alone. In float there is no such test: one that returns at
--- once would count as passed.
function checks.in_double(it)
  return fm.real == "double" and it or function() end
end

local function message_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return tostring(message)
end

--- f(...) raises a message in which a pattern of Lua is found.
function checks.raises(pattern, f, ...)
  local message = message_of(f, ...)
  assert.truthy(message:find(pattern), message)
end

--- f(...) raises a message that holds a text.
function checks.raises_text(text, f, ...)
  local message = message_of(f, ...)
  assert.truthy(message:find(text, 1, true), ("expected %q, found %q"):format(text, message))
end

--- f(...) raises this message and nothing more, behind the line of the script that called it.
function checks.says(text, f, ...)
  local found, places = message_of(f, ...):gsub("^tests/lua/[%w_]+%.lua:%d+: ", "")
  assert.same({ text, 1 }, { found, places })
end

--- Two tensors have the same shape and, bit for bit, the same numbers.
function checks.same(a, b)
  assert.same(a:shape(), b:shape())
  assert.same(a:totable(), b:totable())
end

--- Two tensors have the same shape, and numbers that differ by at most limit (1e-9 in double, 2e-5
--- in float).
function checks.near(a, b, limit)
  assert.same(a:shape(), b:shape())
  assert.near(0, (a - b):abs():max():item(), limit or (fm.real == "double" and 1e-9 or 2e-5))
end

--- Whether two tensors hold the same bits; a NaN equals nothing.
function checks.identical(a, b)
  return a:ne(b):sum():item() == 0 and (1 / a):ne(1 / b):sum():item() == 0
end

--- f(inputs...) and the gradients of the inputs (none where f has none). They must have the same
--- bits on 1, 2, 3, 4 and 8 threads, the result also without a tape. Returns those of one, a list.
--- `dy` is given to backward (nil: the result itself); `what` is for the message.
function checks.on_threads(f, inputs, dy, what)
  local before, first = fm.system.threads(), nil
  for _, threads in ipairs { 1, 2, 3, 4, 8 } do
    fm.system.threads(threads)
    local found = {}
    do
      local tape <close> = fm.record()
      local parameters = {}
      for i, x in ipairs(inputs) do parameters[i] = fm.parameter(x:clone()) end
      local y = f(table.unpack(parameters))
      found[1] = y:detach()
      if fm.needs_grad(y) then
        y:backward(dy or y:detach())
        for i, p in ipairs(parameters) do found[i + 1] = p:grad():clone():detach() end
      end
    end
    assert(checks.identical(found[1], f(table.unpack(inputs))), (what or "f") .. " without a tape")
    first = first or found
    for i, t in ipairs(found) do assert(checks.identical(first[i], t), ("%s: number %d on %d threads"):format(what or "f", i, threads)) end
  end
  fm.system.threads(before)
  return first
end

return checks
