-- What is installed or packed runs from any folder, without this tree: its Lua files, libraries and
-- papers are found from where the program is. The build folder is the one under test, FM_MODULE.
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local run <const>, read <const> = shell.run, shell.read
local build <const> = assert(os.getenv "FM_MODULE")

--- The program that configured the build, or packs it: another of that name may be first on PATH.
local function tool(name)
  return assert(read(build .. "/CMakeCache.txt"):match(name .. ":INTERNAL=([^\n]+)"))
end

-- A training, a sweep of two processes, a report: what needs every library and every folder of Lua
-- files.
local script <const> = [[
local fm = require "fm"
return fm.experiment { name = "installed", params = { steps = 3, lr = 0.1 }, run = function(run, p)
  local model = fm.nn.linear(2, 2)
  local opt = fm.optim.adam(model, { lr = p.lr })
  for _ in run:steps(p.steps) do
    run:log { loss = opt:step(function() return model(run.rng:normal(4, 2)):square():mean() end) }
  end
  run:picture("points", fm.plot.scatter(run.rng:normal(20, 2)))
end }]]

local bare <const> = "env -i PATH=/usr/bin:/bin LC_ALL=C "

local has <const> = shell.has

--- Runs a command that must end well; returns what it printed.
local function well(command)
  local code, out, err = run(command)
  assert.equal(0, code, command .. "\n" .. out .. err)
  return out
end

local function pack(kind)
  well(("%s --config %s/CPackConfig.cmake -G %s -B %s"):format(tool "CMAKE_CPACK_COMMAND", build, kind, shell.folder))
end

local function check_program(prefix)
  shell.write("installed.lua", script)
  local fmrun = bare .. prefix .. "/bin/fmrun "
  has(well(fmrun .. "--version"), "fmrun 0.", "OpenBLAS")
  well(fmrun .. "-q -m -j 2 installed.lua lr=0.3,0.2")
  has(well(fmrun .. "ls"), "lr=0.3", "lr=0.2")
  has(well(fmrun .. "help fm.nn.linear"), "linear")
  has(well(fmrun .. "card --list"), "c2ot")
  well(fmrun .. "report runs/installed/sweep-*")
  well(("cd / && %s%s/bin/fmrun64 -e 'assert(require \"fm\".real == \"double\")'"):format(bare, prefix))
end

--- The libraries that a process of the program has mapped.
local function mapped(prefix)
  local list = {}
  local text = well(bare .. prefix .. [[/bin/fmrun -e 'require "luv" require "lfs" for l in io.lines "/proc/self/maps" do print(l) end']])
  for path in text:gmatch "(/%S+%.so[%d.]*)\n" do list[path] = true end
  return list
end

describe("installing", function()
  before_each(shell.open)
  after_each(shell.close)

  it("fills a prefix, which may be moved", function()
    well(("%s --install %s --prefix %s/first"):format(tool "CMAKE_COMMAND", build, shell.folder))
    assert(os.rename(shell.folder .. "/first", shell.folder .. "/a place of mine"))
    lfs.link("a place of mine", shell.folder .. "/place", true)
    check_program(shell.folder .. "/place")
    local stock = ("%s LUA_PATH='place/share/lua/5.4/?.lua;place/share/lua/5.4/?/init.lua' LUA_CPATH='place/lib/lua/5.4/?.so' "):format(bare)
    assert.equal("3.0\n", well(stock .. [[lua5.4 -e 'print(require "fm".ones(3):sum():item())']]))
  end)

  it("packs an archive that holds its libraries, down to the C library", function()
    pack "TGZ"
    well "mkdir unpacked && tar xzf fmrun-*.tar.gz --strip-components=1 -C unpacked"
    local prefix = shell.folder .. "/unpacked"
    check_program(prefix)
    local count = 0
    for path in pairs(mapped(prefix)) do
      local name = path:match "[^/]*$"
      if path:sub(1, #prefix) == prefix then
        count = count + 1
      else
        assert.truthy(name:find "^lib[cm]%." or name:find "^ld%-", path .. " is not from the archive")
      end
    end
    assert.truthy(count >= 8, count .. " libraries") -- Lua, OpenBLAS, cJSON, libpng, zlib, xxHash, luv, libuv, lfs
    local report = read(shell.folder .. "/runs/installed/" .. shell.names(shell.folder .. "/runs/installed", "^sweep")[1] .. "/report.html")
    has(report, "Chart.js")
    assert.truthy(lfs.attributes(prefix .. "/share/doc/fmrun/experiments/toy2d_moons.lua"))
  end)

  it("packs a .deb that names what it needs", function()
    pack "DEB"
    well "dpkg-deb -x fmrun_*.deb unpacked"
    check_program(shell.folder .. "/unpacked/usr")
    local fields = well "dpkg-deb -f fmrun_*.deb Depends Recommends"
    has(fields, "libopenblas0", "lua-filesystem", "lua-luv", "liblua5.4-0", "libpng16", "libcjson1", "libxxhash0", "zlib1g", "libc6", "libjs-chart.js")
    assert.equal("", well "find unpacked/usr -name '*.so*' ! -path '*/lua/5.4/fm/core.so' ! -path '*/fmrun/mpi.so'") -- the system's are used
    assert.falsy(fields:find "mpi", fields) -- it is loaded by hand, where it is
  end)
end)
