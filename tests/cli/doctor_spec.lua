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
end)
