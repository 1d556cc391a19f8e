-- fmrun doctor: wrong products of the library are found, whatever their kind, and what threads gain
-- is told.
local fm <const> = require "fm"
local shell <const> = require "cli.shell"

local has <const> = shell.has
local wrong_library <const> = shell.fmrun:match "^(.*)/" .. "/tests/wrong_blas"
local kernels <const> = select(2, fm.system.blas())
local on_one_core <const> = "taskset -c " .. (io.popen "taskset -pc $$ | grep -o '[0-9]*' | tail -1":read "l") .. " "

--- Its rows by name, and its exit code.
local function doctor(before)
  local code, out = shell.run((before or "") .. shell.fmrun .. " doctor --json")
  local rows = {}
  for _, line in ipairs(shell.lines(out)) do
    local row = assert(fm.json.decode(line))
    rows[row.name] = row
  end
  return rows, code
end

--- The same with a library whose products are wrong in this way.
local function with_fault(fault, more)
  return doctor(("LD_LIBRARY_PATH=%s WRONG_BLAS=%s %s "):format(wrong_library, fault, more or ""))
end

describe("doctor", function()
  before_each(shell.open)
  after_each(shell.close)

  it("finds right products right, with older kernels too", function()
    for _, before in ipairs { "", "OPENBLAS_CORETYPE=Nehalem ", "OPENBLAS_CORETYPE=Prescott " } do
      local rows, code = doctor(before)
      assert.equal(0, code)
      assert.is_true(rows.products.ok)
      local count = rows.products.text:match ", one thread: (%d+) products, and %d+ by fmrun's own kernels, are those of plain loops$"
      assert.is_true(tonumber(count) > 300, rows.products.text)
    end
  end)

  it("says when OPENBLAS_CORETYPE names kernels that OpenBLAS does not use", function()
    for _, name in ipairs { "Haswel", "" } do
      local rows, code = doctor("OPENBLAS_CORETYPE=" .. name .. " ")
      assert.same({ true, 0 }, { rows.products.ok, code })
      has(rows.products.text, (' (OPENBLAS_CORETYPE says "%s"), one thread: '):format(name))
    end
    for _, before in ipairs { "OPENBLAS_CORETYPE=nehalem ", "env -u OPENBLAS_CORETYPE " } do
      assert.is_nil((doctor(before)).products.text:find("CORETYPE", 1, true))
    end
  end)

  it("finds right products right through another library", function()
    local rows, code = with_fault "none"
    assert.same({ true, 0 }, { rows.products.ok, code })
  end)

  it("finds wrong products of every kind", function()
    for fault, sign in pairs { tail = "17%]", rows = "%[7, ", long = "1025", transposed = "of both transposed", one = "%[257, ",
      beside = "writes beside its result", nan = "nan", [fm.real] = "the " .. fm.real .. " product", double = "the double product" } do
      local rows, code = with_fault(fault)
      assert.same({ false, 1 }, { rows.products.ok, code }, fault)
      local text = rows.products.text
      has(text, "OpenBLAS ", " multiplies wrongly with its kernels for ",
        "install a newer OpenBLAS; the older kernels that OPENBLAS_CORETYPE can choose are not right")
      assert.truthy(text:find(sign), text)
      assert.is_true(rows.modules.ok)
    end
  end)

  it("finds wrong products of fmrun's own, through those that it leaves to the library", function()
    for _, fault in ipairs { "none", fm.real } do
      local code, out = shell.run(("LD_LIBRARY_PATH=%s WRONG_BLAS=%s %s -l fm -e 'print(fm.system.check_products [[own]])'"):format(wrong_library, fault,
        shell.fmrun))
      assert.equal(0, code)
      assert.truthy(out:find(fault == "none" and "^%d+\n$" or "^nil\tthe " .. fm.real .. " product"), out)
    end
  end)

  it("names kernels that are right", function()
    local rows, code = with_fault("tail", "WRONG_BLAS_CORE=" .. kernels)
    assert.same({ false, 1 }, { rows.products.ok, code })
    local named = rows.products.text:match "set OPENBLAS_CORETYPE=(%w+), with which all products are right, or install a newer OpenBLAS$"
    assert.is_truthy(named, rows.products.text)
    assert.not_equal(kernels, named)
    local mended, well = with_fault("tail", ("WRONG_BLAS_CORE=%s OPENBLAS_CORETYPE=%s"):format(kernels, named))
    assert.same({ true, 0 }, { mended.products.ok, well })
  end)

  it("tells what a train step takes on one thread and on all", function()
    local cores = (require "fm.run.cores"())
    local rows = doctor()
    has(rows.cores.text, cores .. " to use: ")
    if cores > 1 then
      local pattern = "^a train step of 256 x 256: [%d.]+ ms on one thread, [%d.]+ ms on " .. cores .. ": [%d.]+ times as fast"
      assert.truthy(rows.speed.text:find(pattern), rows.speed.text)
    end
    local alone = doctor(on_one_core)
    assert.truthy(alone.speed.text:find "^a train step of 256 x 256: [%d.]+ ms on one thread, and there is one core$", alone.speed.text)
    has(alone.cores.text, "1 to use: 1 processor, 1 core")
  end)

  --- What doctor says where parts of the machine are as the statements make them.
  local function where(statements, words)
    shell.write("where.lua", ([[local fm, uv, doctor, now = require "fm", require "luv", require "fm.cli.command.doctor", 100.0
      fm.system.check_products = function() return 300 end
      local function learning(loss)
        local step = 0
        fm.system.seconds = function() return now end
        fm.optim.adam = function()
          return { step = function()
            step, STEP, now = step + 1, step + 1, now + PAUSE / 64
            return loss(step)
          end }
        end
      end
      %s
      os.exit(doctor.run { runs = "r", %s })]]):format(statements, words or "json = true"))
    local code, out, err = shell.call "where.lua"
    assert.equal("", err)
    return out, code
  end

  local function texts(statements)
    local found, code = where(statements)
    local list = {}
    for _, line in ipairs(shell.lines(found)) do
      local row <const> = assert(fm.json.decode(line))
      list[row.name] = (row.ok and "ok: " or "BAD: ") .. row.text
    end
    return list, code
  end

  it("says what is wrong with memory, locks, its own products, learning, files, threads and modules", function()
    local found, code = texts [[
      fm.system.check_products = function(which) if which == "own" then return nil, "7 is 8" end return 300 end
      uv.get_total_memory = function() return 199999999 end
      fm.system.locked = function() return false end
      PAUSE = 1
      learning(function(step) return step <= 10 and 10 or step > 90 and 9 or step end)]]
    assert.equal(1, code)
    assert.equal("BAD: fmrun multiplies wrongly by its own kernels: 7 is 8; please report it, with the processor's name", found.products)
    assert.equal("BAD: 200 MB of memory is little", found.memory)
    assert.equal("BAD: this disk has no locks: a live run cannot be told from a dead one", found.disk)
    assert.equal("BAD: a small network does not learn: loss 10 -> 9", found.training)
    assert.equal("ok: ", found.modules:sub(1, 4))
    found, code = texts [[
      local open, lock = io.open, nil
      io.open = function(path, ...)
        if path ~= "/proc/self/status" then return open(path, ...) end
        local file = io.tmpfile()
        file:write(("Name: x\nThreads:\t%d\n"):format(2 + fm.system.threads()))
        file:seek "set"
        return file
      end
      uv.get_total_memory, uv.get_free_memory = function() return 200e6 end, function() return 150e6 end
      fm.system.lock = function() return nil, "no lock is to be had" end
      package.loaded.lfs, package.preload.lfs = nil, function() error "gone" end
      PAUSE = 1
      learning(function(step) return step <= 10 and 10 or step > 90 and 8.99 or step end)]]
    assert.equal(1, code)
    local version <const>, core <const> = fm.system.blas()
    assert.truthy(found.products:find(("^BAD: OpenBLAS %s %s runs %%d threads: results may change$"):format(version:gsub("%p", "%%%0"), core)),
      found.products)
    assert.equal("BAD: the Lua module lfs is missing: ./bootstrap installs it", found.modules)
    assert.equal("ok: 0.1 of 0.2 GB free", found.memory)
    assert.equal("BAD: no lock is to be had", found.disk)
    assert.truthy(found.training:find "^ok: a small network learns: loss 10 %-> 8.99, 64 steps a second$", found.training)
    for name, load in pairs { png = "fm.png.load = function() return fm.zeros(4, 4, 1) end",
      safetensors = "fm.load = function() return { t = fm.ones(4, 4) } end" } do
      found = texts(load .. " PAUSE = 1 learning(function(step) return 1 / step end)")
      assert.equal(("BAD: %s: what was written does not read back"):format(name), found.disk)
    end
    assert.is_nil(require "lfs".attributes(shell.folder .. "/r"))
  end)

  it("says how much faster all threads are, or that they are slower", function()
    local cores = (require "fm.run.cores"())
    if cores == 1 then return pending "there is one core" end
    -- a measurement takes four calls here: the middle one of five counts
    local rounds <const> = texts [[STEP = 0
      local function pause() return STEP < 100 and 1 or 64 * ({ 5, 1, 4, 2, 3 })[(STEP - 100) // 8 + 1] end
      setmetatable(_G, { __index = function(_, key) return key == "PAUSE" and pause() or nil end })
      learning(function(step) return 1 / step end)]]
    assert.equal(("ok: a train step of 256 x 256: 3000.00 ms on one thread, 3000.00 ms on %d: 1.0 times as fast"):format(cores), rounds.speed)
    for pause, wanted in pairs { ["2 / fm.system.threads()"] = "31.25 ms on one thread, %.2f ms on %d: %.1f times as fast",
      ["fm.system.threads()"] = "15.62 ms on one thread, %.2f ms on %d: %.1f times as fast; "
        .. "something else may be using the cores: --threads 1 is better meanwhile" } do
      local faster <const> = pause:find "/" and cores or 1 / cores
      local one <const> = pause:find "/" and 31.25 or 15.625
      local found <const> = texts(("setmetatable(_G, { __index = function(_, key) return key == 'PAUSE' and %s or nil end }) "
        .. "learning(function(step) return 1 / step end)"):format(pause))
      assert.equal("ok: a train step of 256 x 256: " .. wanted:format(one / faster, cores, faster), found.speed)
    end
  end)

  it("prints a table, coloured on demand", function()
    local statements <const> = "PAUSE = 1 learning(function(step) return 1 / step end) uv.get_total_memory = function() return 1e6 end "
    local plain <const>, code = where(statements, 'color = "never"')
    assert.equal(1, code)
    local pattern <const> = "^ok   versions  fmrun @ok   modules   @ok   products  @ok   cores     @BAD  memory    1 MB of memory is little\n"
      .. "ok   disk      writes, reads and locks in r\nok   training  @ok   speed     @$"
    assert.truthy(plain:find((pattern:gsub("@", "[^\n]*\n"))), plain)
    local colored <const> = where(statements, 'color = "always"')
    shell.has(colored, "\27[32mok\27[0m   versions", "\27[31mBAD\27[0m  memory")
    assert.equal(plain, (colored:gsub("\27%[%d*m", "")))
  end)
end)
