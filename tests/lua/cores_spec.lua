-- How many cores a run may use, on machines made of files.
local fm <const> = require "fm"
local cores <const> = require "fm.run.cores"

describe("cores", function()
  local start <const> = fm.live_bytes()
  local root

  --- Writes the files of a machine, path -> text; returns what it gives.
  local function on(files)
    root = os.tmpname()
    os.remove(root)
    for path, text in pairs(files) do
      assert(os.execute(("mkdir -p '%s/%s'"):format(root, path:match "^(.*)/" or "")))
      local file <close> = assert(io.open(root .. "/" .. path, "w"))
      file:write(text)
    end
    return cores(root)
  end
  after_each(function() os.execute("rm -rf " .. root) end)

  local function mask(list) return "Name:\tfmrun\nCpus_allowed:\tff\nCpus_allowed_list:\t" .. list .. "\nMems_allowed:\t1\n" end

  --- A machine of processors 0..n-1 where `siblings(i)` names those of one core.
  local function machine(n, siblings, more)
    local files = { ["proc/self/status"] = mask("0-" .. n - 1) }
    for i = 0, n - 1 do files[("sys/devices/system/cpu/cpu%d/topology/thread_siblings_list"):format(i)] = siblings(i) .. "\n" end
    for path, text in pairs(more or {}) do files[path] = text end
    return files
  end
  local function alone(i) return tostring(i) end
  local function halves(i) return ("%d,%d"):format(i % 4, i % 4 + 4) end
  local function neighbours(i) return ("%d-%d"):format(i // 2 * 2, i // 2 * 2 + 1) end

  it("are physical ones", function()
    assert.same({ 8, 8, 8 }, { on(machine(8, alone)) })
    assert.same({ 4, 8, 4 }, { on(machine(8, halves)) })
    assert.same({ 4, 8, 4 }, { on(machine(8, neighbours)) })
    assert.same({ 8, 8, 8 }, { on(machine(8, alone, { ["sys/devices/system/cpu/smt/active"] = "0\n" })) })
    assert.same({ 4, 8, 4 }, { on(machine(8, halves, { ["sys/devices/system/cpu/smt/active"] = "1\n" })) })
    assert.same({ 3, 3, 3 }, { on { ["proc/self/status"] = mask "0-2" } }) -- no topology: each processor counts
  end)

  it("are those of the affinity mask", function()
    assert.equal(3, (on(machine(8, halves, { ["proc/self/status"] = mask "0-1,3,4" }))))
    assert.equal(1, (on(machine(8, neighbours, { ["proc/self/status"] = mask "6-7" }))))
    assert.equal(1, (on(machine(8, neighbours, { ["proc/self/status"] = mask "5" }))))
    assert.equal(2, (on(machine(8, neighbours, { ["proc/self/status"] = mask "1,2" }))))
  end)

  it("are no more than a quota of version 2 allows, at any height", function()
    local function with(more)
      more["proc/self/cgroup"] = more["proc/self/cgroup"] or "0::/user/box\n"
      return on(machine(8, alone, more))
    end
    local at <const> = "sys/fs/cgroup"
    assert.same({ 2, 8, 8, 2 }, { with { [at .. "/user/box/cpu.max"] = "200000 100000\n" } })
    assert.same({ 2, 8, 8, 1.5 }, { with { [at .. "/user/box/cpu.max"] = "150000 100000\n" } })
    assert.same({ 1, 8, 8, 0.25 }, { with { [at .. "/user/box/cpu.max"] = "25000 100000\n" } })
    assert.same({ 3, 8, 8, 3 }, { with { [at .. "/user/box/cpu.max"] = "max 100000\n", [at .. "/user/cpu.max"] = "150000 50000\n" } })
    assert.same({ 2, 8, 8, 2 }, { with { [at .. "/user/box/cpu.max"] = "400000 100000\n", [at .. "/cpu.max"] = "200000 100000\n" } })
    assert.same({ 8, 8, 8 }, { with { [at .. "/user/box/cpu.max"] = "max 100000\n" } })
    assert.same({ 8, 8, 8, 20 }, { with { [at .. "/user/box/cpu.max"] = "2000000 100000\n" } })
    assert.same({ 5, 8, 8, 5 }, { with { ["proc/self/cgroup"] = "0::/\n", [at .. "/cpu.max"] = "500000 100000\n" } }) -- a container's own root
    assert.same({ 5, 8, 8, 5 }, { with { ["proc/self/cgroup"] = "0::/../elsewhere\n", [at .. "/cpu.max"] = "500000 100000\n" } })
  end)

  it("are no more than a quota of version 1 allows", function()
    local lines <const> = "9:name=systemd:/\n4:cpuset:/\n3:cpu,cpuacct:/docker/abc\n0::/\n"
    local function with(more)
      more["proc/self/cgroup"] = lines
      return on(machine(4, alone, more))
    end
    local at <const> = "sys/fs/cgroup/cpu,cpuacct"
    assert.same({ 2, 4, 4, 1.2 }, { with { [at .. "/docker/abc/cpu.cfs_quota_us"] = "120000\n", [at .. "/docker/abc/cpu.cfs_period_us"] = "100000\n" } })
    assert.same({ 4, 4, 4 }, { with { [at .. "/docker/abc/cpu.cfs_quota_us"] = "-1\n", [at .. "/docker/abc/cpu.cfs_period_us"] = "100000\n" } })
    assert.same({ 1, 4, 4, 0.5 }, { with { [at .. "/docker/cpu.cfs_quota_us"] = "50000\n", [at .. "/docker/cpu.cfs_period_us"] = "100000\n" } })
    assert.same({ 3, 4, 4, 3 }, { with { ["sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "300000\n", ["sys/fs/cgroup/cpu/cpu.cfs_period_us"] = "100000\n" } })
  end)

  it("are counted though files are missing or hold nonsense", function()
    assert.is_true((on { ["proc/other"] = "" }) >= 1)
    assert.is_true((on { ["proc/self/status"] = "Cpus_allowed_list:\t\n", ["proc/self/cgroup"] = "nonsense\n" }) >= 1)
    assert.equal(2, (on { ["proc/self/status"] = mask "0-1", ["proc/self/cgroup"] = "0::/x\n", ["sys/fs/cgroup/x/cpu.max"] = "0 0\n" }))
    assert.equal(2, (on { ["proc/self/status"] = mask "0-1", ["sys/devices/system/cpu/cpu0/topology/thread_siblings_list"] = "what\n" }))
  end)

  it("of this machine are those that its own tools count", function()
    root = os.tmpname()
    local pipe <close> = assert(io.popen "env -u OMP_NUM_THREADS nproc")
    local processors = pipe:read "n"
    local count, all, physical = cores()
    assert.equal(processors, all)
    assert.is_true(count >= 1 and count <= physical and physical <= all)
  end)

  it("leaves nothing behind", function()
    root = os.tmpname()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)
