-- channel_norm(channels, act): a group_norm with groups of at least 4 channels, at most 32 of them,
-- as Karras et al. 2022 have it (32 groups would leave a channel alone in a narrow network).
local fm <const> = require "fm"

return function(channels, act)
  local groups = math.max(1, math.min(32, channels // 4))
  while channels % groups ~= 0 do groups = groups - 1 end
  return fm.nn.group_norm(groups, channels, { act = act })
end
