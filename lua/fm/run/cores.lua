-- How many cores this process may use: physical cores, not hyperthreads, of the processors in its
-- affinity mask, and no more than the CPU quota of its control groups allows (a container's limit).
-- Linux tells both in files (proc(5), sysfs-devices-system-cpu; cgroup v2: cpu.max, v1:
-- cpu.cfs_quota_us and cpu.cfs_period_us). A file that is missing limits nothing.

local function read(path)
  local file <close> = io.open(path)
  return file and file:read "a"
end

--- The numbers of a list such as "0-3,8", in order.
local function numbers_in(text)
  local list = {}
  for first, last in text:gmatch "(%d+)%-?(%d*)" do
    for i = tonumber(first), tonumber(last ~= "" and last or first) do list[#list + 1] = math.tointeger(i) end
  end
  return list
end

--- The processors of the affinity mask, or nil.
local function allowed(root)
  local text = (read(root .. "/proc/self/status") or ""):match "\nCpus_allowed_list:[ \t]*([%d,-]+)"
  local list = text and numbers_in(text) or {}
  return list[1] and list
end

--- How many cores the processors belong to.
local function physical(root, processors)
  local folder, seen, count = root .. "/sys/devices/system/cpu/", {}, 0
  if (read(folder .. "smt/active") or ""):find "^0" then return #processors end
  for _, processor in ipairs(processors) do
    if not seen[processor] then
      count = count + 1
      for _, sibling in ipairs(numbers_in(read(("%scpu%d/topology/thread_siblings_list"):format(folder, processor)) or "")) do seen[sibling] = true end
    end
  end
  return count
end

--- Calls f with every folder from base .. path up to base.
local function upwards(base, path, f)
  if path:find("..", 1, true) then path = "/" end -- outside of what this process sees
  path = path:gsub("/+$", "")
  repeat
    f(base .. path)
    local above = path:match "^(.*)/[^/]*$"
    path = above
  until not above
end

--- The least quota of CPU time, in processors, or nil for no limit.
local function quota(root)
  local least
  local function limit(time, period)
    time, period = tonumber(time), tonumber(period)
    if time and period and time > 0 and period > 0 then least = math.min(least or math.huge, time / period) end
  end
  local function limit_v2(folder)
    limit((read(folder .. "/cpu.max") or ""):match "^(%d+) (%d+)")
  end
  local function limit_v1(folder)
    limit(read(folder .. "/cpu.cfs_quota_us"), read(folder .. "/cpu.cfs_period_us"))
  end
  for controllers, path in (read(root .. "/proc/self/cgroup") or ""):gmatch "%d+:([^:\n]*):([^\n]*)" do
    local base = root .. "/sys/fs/cgroup"
    if controllers == "" then
      upwards(base, path, limit_v2)
    elseif ("," .. controllers .. ","):find(",cpu,", 1, true) then
      upwards(base .. "/" .. controllers, path, limit_v1)
      if controllers ~= "cpu" then upwards(base .. "/cpu", path, limit_v1) end
    end
  end
  return least
end

local known

--- The number of cores to use, at least 1; then the processors of the mask, their physical cores,
--- and the quota or nil. root: where to look for /proc and /sys instead of at the top, for a test.
return function(root)
  if known and not root then return table.unpack(known, 1, 4) end
  local processors = allowed(root or "")
  local all = processors and #processors or require "luv".available_parallelism()
  local cores, limit = processors and physical(root or "", processors) or all, quota(root or "")
  local found = { math.max(1, math.min(cores, limit and math.ceil(limit) or cores)), all, cores, limit }
  if not root then known = found end
  return table.unpack(found, 1, 4)
end
