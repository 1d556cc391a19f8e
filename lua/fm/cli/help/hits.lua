-- What a search found, as a person reads it.
local layout <const> = require "fm.cli.terminal.layout"

local hits <const> = {}

local most <const> = 12 -- that are shown

--- Two lines for each of the best: its name and title, and a line that has the words.
--- paint(style, text) colours a text.
function hits.text(list, width, paint)
  local lines = {}
  for i = 1, math.min(#list, most) do
    local hit = list[i]
    lines[#lines + 1] = paint("bold", hit.name) .. "  " .. layout.clip(hit.title, math.max(20, width - layout.width(hit.name) - 2))
    if hit.line ~= "" and hit.line ~= hit.title then lines[#lines + 1] = layout.clip("    " .. hit.line, width) end
  end
  if #list > most then lines[#lines + 1] = ("... and %d more: add a word, or --json for all"):format(#list - most) end
  return table.concat(lines, "\n")
end

return hits
