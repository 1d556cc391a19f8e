-- Cards are found by name: files experiments/cards/NAME.lua of this fmrun, then ./cards/NAME.lua; a
-- word with a "/" or ".lua" is a path. A card is an experiment with the field `card`.
local by_name <const> = require "fm.parts.by_name"
local fm <const> = require "fm"
local launch <const> = require "fm.cli.launch"
local lfs <const> = require "lfs"
local names_in <const> = require "fm.records.names_in"
local nearest <const> = require "fm.parts.nearest"

local cards <const> = {}

local function existing(path)
  return lfs.attributes(path, "mode") == "directory" and path or nil
end

--- The folder of fm's own cards: of the source tree, or of the installed documentation; or nil.
function cards.own_folder()
  local library = by_name.file("fm.meta.fm"):match "^(.*/)meta/"
  local found = existing(library .. "../../experiments/cards") or existing(library .. "../doc/fmrun/experiments/cards")
  return found and fm.system.real_path(found)
end

--- name -> path of every card's file, and the names in order; fm's own come first.
function cards.all()
  local paths, names, seen = {}, {}, {}
  for _, folder in ipairs { cards.own_folder() or "", existing "cards" } do
    for _, entry in ipairs(folder ~= "" and names_in(folder) or {}) do
      local name = entry:match "^([%w_]+)%.lua$"
      if name and not paths[name] and not seen[fm.system.real_path(folder .. "/" .. entry)] then
        paths[name], names[#names + 1] = folder .. "/" .. entry, name
        seen[fm.system.real_path(paths[name])] = true
      end
    end
  end
  table.sort(names)
  return paths, names
end

--- The path as a result keeps it: of fm's own cards, the one below the source tree.
function cards.shown_path(path)
  local own = cards.own_folder()
  return own and path:sub(1, #own + 1) == own .. "/" and "experiments/cards" .. path:sub(#own + 1) or path
end

--- The path of the card that a word names; refuse(message) ends the command.
function cards.path(word, refuse)
  if word:find("/", 1, true) or word:find "%.lua$" then return word end
  local paths, names = cards.all()
  return paths[word] or refuse(('there is no card "%s"%s'):format(word, nearest.advice_or_all(word, names)))
end

--- The script of a card, opened; its field `result` is the path of its committed result. Or nil, a
--- message, and whether the file is no card, but nothing is wrong with it.
function cards.open(path, argv)
  local script, message = launch.open(path, argv, 1, {})
  if not script.experiment then return nil, message or path .. " is no experiment", message and message:find "returns no experiment" ~= nil end
  if not script.experiment.card then return nil, path .. ": the experiment has no card: fm.experiment { ..., card = { ... } }" end
  local folder, name = path:match "^(.-)([^/]*)%.lua$"
  script.card, script.result, script.title = script.experiment.card, ("%sresults/%s.json"):format(folder or "", name or "card"), name
  return script
end

return cards
