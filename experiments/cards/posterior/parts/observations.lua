-- observations(task, folder, numbers) -> x [n, K], and a list of the reference draws of each, empty
-- without a folder. The observations are those of the task, or those of a folder with
-- num_observation_N/observation.csv and reference_posterior_samples.csv, as sbibm has them.
local fm <const> = require "fm"

--- A tensor of a CSV file, or an error that names the file.
local function read(path)
  local values, message = fm.data.csv(path)
  return values or fm.fail("posterior: reference: " .. message)
end

return function(task, folder, numbers)
  local list, drawn = {}, {}
  for i = 1, folder ~= "" and #task.observed or 0 do
    local place = ("%s/num_observation_%d/"):format(folder, i)
    list[i], drawn[i] = read(place .. "observation.csv"), read(place .. "reference_posterior_samples.csv")
  end
  local x = #list > 0 and fm.cat(list, { axis = 1 }) or fm.tensor(task.observed)
  if x:size(2) ~= numbers then fm.fail(("posterior: an observation has %d numbers, a simulation %d"):format(x:size(2), numbers)) end
  for i, row in ipairs(x:totable()) do
    for k, value in ipairs(row) do
      if value - value ~= 0 then fm.fail(("posterior: observation %d: number %d is %s: a flow can take no missing value"):format(i, k, value)) end
    end
  end
  return x, drawn
end
