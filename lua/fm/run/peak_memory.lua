--- The most memory that a process (its number, or "self") has held at once so far, in KB; nil when
--- it is gone, or when the system does not tell.
return function(process)
  local file <close> = io.open(("/proc/%s/status"):format(process))
  local text = file and file:read "a"
  return text and math.tointeger(tonumber(text:match "VmHWM:%s*(%d+) kB"))
end
