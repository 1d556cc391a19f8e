-- The tests of a tree that may notice a mistake: { name, command, target, float, asan }, in order.
-- target: what is built for it in the first place when the mistake is in C. Specs of Lua run in
-- double, where they are the sharpest; `float` is the same test in float. `asan`: the same test
-- under ASan and UBSan, which notice what is read or written beside a block.
local lua <const> = "build/fmrun64 tests/specs.lua -- --no-keep-going -o TAP %s"
local lua_float <const> = "build/fmrun tests/specs.lua -- --no-keep-going -o TAP %s"
local cli <const> = "FMRUN=$PWD/build/fmrun FM_MODULE=$PWD/build build/fmrun tests/specs.lua -- --no-keep-going -o TAP %s"

-- Not run: these pack the whole program, read the source tree as text, run other tests or plant
-- mistakes themselves.
local others <const> = {}
for _, name in ipairs { "evidence", "floors", "history", "install", "mutate" } do others[("tests/cli/%s_spec.lua"):format(name)] = true end

local kinds <const> = {
  { find = "tests/core/*_test.c", name = "^tests/core/([%w_]+)%.c$", command = "build/tests/%s",
    asan = "ASAN_OPTIONS=allocator_may_return_null=1 build/asan/tests/%s" },
  { find = "tests/golden/*_spec.lua tests/lua/*_spec.lua", name = "^(.*)$", command = lua, target = "fmrun64", float = lua_float },
  { find = "lua/fm/verify/*.lua", name = "^lua/fm/verify/([%w_]+)%.lua$", command = "build/fmrun64 tests/verify/rows.lua -- %s", target = "fmrun64" },
  { find = "tests/cli/*_spec.lua", name = "^(.*)$", command = cli, target = "fmrun fmmodule" },
}

return function(tree)
  local list = {}
  for _, kind in ipairs(kinds) do
    local pipe <close> = assert(io.popen(("cd '%s' && ls %s"):format(tree, kind.find)))
    for path in pipe:lines() do
      local name <const> = path:match(kind.name)
      if not others[path] then
        local test <const> = { name = path, command = kind.command:format(name), target = kind.target or name }
        if kind.float then test.float = { name = path .. " (float)", command = kind.float:format(name), target = "fmrun" } end
        if kind.asan then test.asan = { name = path .. " (ASan)", command = kind.asan:format(name), target = name, preset = "asan" } end
        list[#list + 1] = test
      end
    end
  end
  return list
end
