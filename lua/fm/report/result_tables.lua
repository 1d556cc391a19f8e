-- The tables of results (run:table) of a run, as a section of its page.
local html <const> = require "fm.report.html"
local parts <const> = require "fm.report.parts"
local read <const> = require "fm.records.result_tables"
local words <const> = require "fm.records.words"

local function cell(found, i, text)
  local number = found.numeric[i] and tonumber(text)
  return html.td { class = found.numeric[i] and "number" or nil, title = number and text or nil, number and words.value(number) or text }
end

local function block(found)
  local head, rows, notes = {}, {}, {}
  for i, name in ipairs(found.columns) do head[i] = html.th { scope = "col", class = found.numeric[i] and "number" or nil, name } end
  for k, row in ipairs(found.rows) do
    local cells = {}
    for i, text in ipairs(row) do cells[i] = cell(found, i, text) end
    rows[k] = html.tr { cells }
  end
  for i, text in ipairs(found.notes) do notes[i] = html.p { class = "note", text } end
  return html.div { html.h3 { found.title ~= "" and found.title or found.name },
    html.div { class = "wide", html.table { class = "result-table", html.thead { html.tr { head } }, html.tbody { rows } } }, notes }
end

--- The section; nil when the run has no table.
return function(record)
  local list, problems = read(record)
  local blocks = {}
  for i, found in ipairs(list) do blocks[i] = block(found) end
  for _, text in ipairs(problems) do blocks[#blocks + 1] = html.p { class = "note", "Not read: " .. text } end
  return parts.section("tables", "Tables of results", #blocks > 0 and blocks)
end
