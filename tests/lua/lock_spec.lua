local fm <const> = require "fm"
local system <const> = fm.system

describe("locks", function()
  local start <const> = fm.live_bytes()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  it("are held by one, until released", function()
    local lock = assert(system.lock(path))
    assert.is_true(system.locked(path))
    local other, message = system.lock(path)
    assert.is_nil(other)
    assert.equal("locked", message)
    lock:release()
    assert.is_false(system.locked(path))
    lock:release()
    assert(system.lock(path)):release()
  end)

  it("are waited for a little, when asked", function()
    local exe = require "lfs".symlinkattributes("/proc/self/exe", "target")
    local hold = ("lock = require([[fm]]).system.lock([[%s]]); print(1) io.stdout:flush() os.execute [[sleep 0.15]]"):format(path)
    local holder = assert(io.popen(("%s -e '%s'"):format(exe, hold)))
    assert.equal("1", holder:read "l")
    assert.is_nil((system.lock(path, 0.01)))
    local lock = assert(system.lock(path, 5))
    lock:release()
    holder:close()
  end)

  it("end with their scope, and with their last holder", function()
    do
      local lock <close> = assert(system.lock(path))
      assert.is_true(system.locked(path))
      assert.is_not_nil(lock)
    end
    assert.is_false(system.locked(path))
    assert(system.lock(path))
    collectgarbage()
    assert.is_false(system.locked(path))
  end)

  it("are not inherited by a program that is started", function()
    local lock <close> = assert(system.lock(path))
    assert.is_not_nil(lock)
    local listing <close> = assert(io.popen "ls -l /proc/self/fd")
    assert.is_nil(listing:read "a":find(path, 1, true))
  end)

  it("of a file that is not there are nobody's; one that cannot be made is a message", function()
    os.remove(path)
    assert.is_false(system.locked(path))
    assert.is_false(system.locked(path .. "/deeper"))
    local lock, message = system.lock(path .. "/no/lock")
    assert.is_nil(lock)
    assert.is_truthy(message:find(path .. "/no/lock: cannot lock", 1, true))
  end)

  it("go with the name of this start of the machine", function()
    local pid, host, boot = system.process()
    assert.equal("integer", math.type(pid))
    assert.is_true(#host > 0 and #boot > 0)
    assert.equal(boot, (select(3, system.process())))
  end)

  it("leaves no tensor behind", function()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)
