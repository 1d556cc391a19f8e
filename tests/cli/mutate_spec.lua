-- A slice of tests/mutate: mistakes of which it is known whether the tests notice them, and that
-- code with a mistake in it runs where it can do no harm.
package.path = "tests/mutate/?.lua;" .. package.path
local copy <const> = require "copy"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local has <const> = shell.has
local namespaces <const> = os.execute "unshare --mount --pid --fork --mount-proc true 2>/dev/null"
  or os.execute "unshare --map-root-user --mount --pid --fork --mount-proc true 2>/dev/null"

describe("mutate", function()
  before_each(shell.open)
  after_each(shell.close)

  if not namespaces then
    it("runs what has a mistake where it can do no harm", function() pending "unshare makes no namespaces here" end)
    return
  end

  it("tells what is noticed, by which test, what survives, and what is equivalent", function()
    local code, out, err = shell.run(("cd %s && %s tests/mutate/campaign.lua -- %s only=tests/mutate/slice.lua"):format(lfs.currentdir(), shell.fmrun,
      shell.folder .. "/mutate"))
    assert.same({ 1, "" }, { code, err }) -- one of three is too few
    assert.truthy(out:find "\nparts +4 +2 +1 +1 +67 %% ")
    assert.truthy(out:find "\nall +4 +2 +1 +1 +67 %% ")
    has(out, "lua/fm/parts/named_values.lua:8  operator  (2 tests)\n- for _, key in ipairs(keys or sorted_keys(values)) do\n" ..
      "+ for _, key in ipairs(keys and sorted_keys(values)) do\n")
    local rows = shell.lines(shell.read(shell.folder .. "/mutate/results.jsonl"))
    for i, row in ipairs(rows) do rows[i] = assert(require "fm".json.decode(row)) end
    assert.same({ "noticed", "noticed", "survived", "survived" }, { rows[1].outcome, rows[2].outcome, rows[3].outcome, rows[4].outcome })
    assert.same({ 1, 1, 2, 2 }, { rows[1].tests, rows[2].tests, rows[3].tests, rows[4].tests })
    assert.equal("tests/lua/named_values_spec.lua", rows[2].by) -- it is asked first: it is called like the file
    has(rows[1].failure, "named values")
    local path <const> = "lua/fm/parts/named_values.lua"
    assert.equal(shell.read(path), shell.read(shell.folder .. "/mutate/tree/" .. path)) -- as it was
  end)

  it("ends a test that hangs, and what it left running; nothing outside its folder can be written", function()
    local folder <const> = shell.folder .. "/apart"
    assert(lfs.mkdir(folder) and lfs.mkdir(folder .. "/tree"))
    local tree <const> = copy.at(folder)
    assert.equal("hung", (tree:try("sleep 30 & sleep 31", 1)))
    assert.equal("failed", (tree:try("sleep 32 & kill $$", 9)))
    local ended, said = tree:try("pwd; echo a >b; echo 'c' >/tmp/d; ls /tmp", 9)
    assert.same({ "ok", "/mnt/tree\nd\n" }, { ended, said })
    assert.equal("a\n", shell.read(folder .. "/tree/b"))
    ended, said = tree:try(("echo e >>%s/tests/mutate/slice.lua"):format(lfs.currentdir()), 9)
    assert.equal("failed", ended)
    has(said, "Read-only file system")
    local _, processes = shell.run "ps -eo args"
    assert.is_nil(processes:find "sleep 3[012]%f[\n]")
  end)
end)
