-- runs(folder [, experiment]) -> the runs in a folder of runs, the oldest first, as run.json tells
-- of each: what a script needs for a table of its own. Or nil and a message.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local options <const> = require "fm.parts.options"
local records <const> = require "fm.records.runs"

return function(folder, experiment, ...)
  options.no_more("runs", 2, ...)
  if type(folder) ~= "string" or folder == "" then fm.fail("runs: expected the path of a folder of runs, found " .. options.shown(folder)) end
  if experiment ~= nil and type(experiment) ~= "string" then
    fm.fail("runs: expected the name of an experiment, found " .. options.shown(experiment))
  end
  if lfs.attributes(folder, "mode") ~= "directory" then return nil, folder .. " is no folder" end
  return records.list(folder, experiment)
end
