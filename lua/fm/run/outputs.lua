-- The files of a run that are neither lines nor checkpoints: pictures and saved values. What a replay would write is there already.
local fm <const> = require "fm"

local outputs <const> = {}

--- The path of a file in the run's folder. What is written there by other means than run:save and run:picture is written again when a
--- run goes on from a checkpoint after it.
function outputs:path(name)
  local path = self.folder:file(name)
  self.outputs[name] = true -- run.json lists them: what `fmrun rm` may take away
  return path
end

--- The path of a name; of one without an ending, with this one.
local function path_with(run, name, ending)
  if type(name) == "string" and not name:find "%.%w+$" then name = name .. ending end
  return run:path(name)
end

local function expect(holds, what, wanted, value)
  if not holds then fm.fail(("%s %s, found %s"):format(what, wanted, fm.is_tensor(value) and "a tensor" or type(value))) end
end

--- Saves a picture of fm.plot as NAME.png, or by the ending of the name.
function outputs:picture(name, picture)
  local path = path_with(self, name, ".png")
  expect(type(picture) == "table" and picture.save, "picture:", "expected a picture of fm.plot", picture)
  if not self.replay then assert(picture:save(path)) end
  return path
end

local savers <const> = {
  npy = function(path, value)
    expect(fm.is_tensor(value), "save: .npy", "is for a tensor", value)
    return fm.npy.save(path, value)
  end,
  png = function(path, value)
    expect(fm.is_tensor(value), "save: .png", "is for a tensor", value)
    return fm.png.save(path, value)
  end,
  json = function(path, value) return fm.file.write(path, fm.json.encode(value) .. "\n") end,
  txt = function(path, value)
    expect(type(value) == "string", "save: .txt", "is for a text", value)
    return fm.file.write(path, value)
  end,
  csv = function(path, value)
    expect(type(value) == "string", "save: .csv", "is for a text", value)
    return fm.file.write(path, value)
  end,
  safetensors = function(path, value)
    expect(type(value) == "table", "save: .safetensors", "is for a model or a table of tensors", value)
    return fm.save(path, value.state and value:state() or value)
  end,
}

--- Saves a value by the ending of the name: .npy (a tensor), .safetensors (a model, or tensors by name), .png, .json, .txt, .csv.
function outputs:save(name, value)
  local path = path_with(self, name, ".safetensors")
  local ending = path:match "%.(%w+)$"
  local saver = savers[ending]
  if not saver then fm.fail(("save: no format ends in .%s (npy, safetensors, png, json, txt, csv)"):format(ending)) end
  if not self.replay then assert(saver(path, value)) end
  return path
end

return outputs
