-- lua/fm/meta/fm.lua documents every op and every method of tensors and streams; no more, no less.
local fm <const> = require "fm"

describe("meta", function()
  local file = assert(io.open "lua/fm/meta/fm.lua")
  local text = file:read "a"
  file:close()

  it("has every op", function()
    for _, name in ipairs(fm.ops()) do assert(text:find("function Tensor:" .. name .. "(", 1, true), name .. " is missing") end
  end)

  it("names no method that is not there", function()
    for name in text:gmatch "function Tensor:([%w_]+)%(" do assert(fm.methods[name], name .. " is no method") end
    local rng = fm.rng(1)
    for name in text:gmatch "function Rng:([%w_]+)%(" do assert(rng[name], name .. " is no method") end
    for name in text:gmatch "function fm%.([%w_]+)%(" do assert(fm[name], name .. " is no function") end
  end)
end)
