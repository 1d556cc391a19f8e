-- The parameters that a script declares, for a person or as JSON Schema.
local fm <const> = require "fm"
local declared <const> = require "fm.cli.declared"
local describe <const> = require "fm.records.describe"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local printable <const> = require "fm.parts.printable"

local function limits(declaration)
  if declaration.choices then
    local words = {}
    for i, choice in ipairs(declaration.choices) do words[i] = tostring(choice) end
    return table.concat(words, "|")
  end
  local low, high = declaration.min, declaration.max
  if low and high then return ("%s..%s"):format(low, high) end
  return low and ">= " .. low or high and "<= " .. high or ""
end

local function print_table(experiment, line)
  local rows = {}
  for i, declaration in ipairs(experiment.parameters) do
    rows[i] = { declaration.name, declaration.type, describe.value(declaration.default), limits(declaration), declaration.help }
  end
  local paint, columns = painter(1, line.color), layout.columns()
  print(printable.line(experiment.name .. (experiment.help and ": " .. experiment.help or "")))
  local titles = { { title = "NAME" }, { title = "TYPE" }, { title = "DEFAULT" }, { title = "LIMITS", flexible = true }, { title = "WHAT", flexible = true } }
  print(table.concat(layout.table(titles, rows, { columns = columns, paint = paint }), "\n"))
  local presets = {}
  for i, name in ipairs(describe.keys(experiment.presets or {})) do
    presets[i] = { "preset=" .. name, describe.pairs_text(experiment.presets[name]) }
  end
  if #presets > 0 then print("\n" .. table.concat(layout.table({ {}, { flexible = true } }, presets, { columns = columns }), "\n")) end
end

local function schema(experiment)
  local properties = {}
  for _, d in ipairs(experiment.parameters) do
    properties[d.name] = { type = d.type, default = d.default, description = d.help, minimum = d.min, maximum = d.max, enum = d.choices }
  end
  return { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", title = experiment.name, description = experiment.help, type = "object",
    properties = properties, additionalProperties = false }
end

return {
  help = "the parameters of a script: type, default, limits, meaning", usage = "fmrun params SCRIPT [--json]", takes = "script",
  options = { { "--json", name = "json", help = "as JSON Schema" }, "color" },
  examples = { "fmrun params experiments/toy2d_moons.lua" },
  run = function(line)
    if #line.words ~= 1 then line.refuse(("expected one script, found %d"):format(#line.words)) end
    local experiment = declared.expect(line.words[1]).experiment
    if line.json then print(fm.json.encode(schema(experiment), { indent = 2 })) else print_table(experiment, line) end
  end,
}
