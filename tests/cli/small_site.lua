-- fmrun tests/cli/small_site.lua -- FOLDER: the site of a manual of three pages, one command and a
-- few names, for transcripts_spec.lua: the real one changes with every name.
local command_line <const> = require "fm.cli.command_line"
local commands <const> = require "fm.cli.commands"
local pages <const> = require "fm.cli.help.pages"
local reference <const> = require "fm.cli.reference"

local entries <const> = reference.parse [[
---A room of things, and `fm.a` too. It has
---  - one: `x`
---  - two
---
---More.
---  - three
fm.room = {}
---@class fm.Thing
---@field size integer how large `it` is
---@field odd
---@operator add(fm.Thing): fm.Thing
---@operator mul(number): fm.Thing
local Thing = {}
---Turns it.
---@param angle number by how much
---@param options? fm.LossOptions
---@return fm.Thing turned
---@return number angle
function Thing:turn(angle, options) end
---Makes one: see `fm.Thing:turn`, `Thing:turn` and `run:log`.
function fm.room.make() end
function fm.loose.end_of(x) end
---@class fm.LossOptions
---@field rng fm.Rng
local LossOptions = {}
]]

local manual <const> = { { "first", "# First `page`\n\nAbout *it*.\n\n## More\n\n[to](second.md#part), [page](third.md), [web](https://a.b/c), [up](#more), "
  .. "![a](flows_pairs.png) `fm.room.make { }` `make` `room.make()`\n\nThe end.\n" },
  { "second", "# Second\n\n- a\n\n- b\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n" },
  { "third", "<!-- order: 3 -->\n# Third\n\n> quoted\n\n```sh\nls  # all\n```\n" } }

function reference.all() return entries end
function pages.list()
  local list = {}
  for i, one in ipairs(manual) do list[i] = pages.parse(table.unpack(one)) end
  return list
end
function commands.names() return { "broken", "path" } end
for i = #command_line.options, 1, -1 do
  if command_line.options[i].name ~= "runs" then table.remove(command_line.options, i) end
end
require "fm.cli.help.site"(arg[1])
