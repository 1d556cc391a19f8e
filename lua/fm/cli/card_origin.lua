-- What the runs of a card were made from: the text of its script, the data, fmrun and the commit. A
-- run has recorded all of it but the data. They follow from the code: while a run had the code that
-- there is now they are drawn again, and else they are those that a result says of a run with its
-- text.
local fm <const> = require "fm"
local scripts <const> = require "fm.cli.scripts"
local text_of <const> = require "fm.records.text_of"

local card_origin <const> = {}

local largest <const> = 16 << 20 -- bytes of a script

local function fail(message, ...)
  error({ message = message:format(...), exit = 1 }, 0)
end

--- The digest of what the card's data function draws, and the shapes. Files that it requires are no
--- code of the card's runs, which do not call it.
local function draw(script)
  local files = {}
  for path in pairs(script.files) do files[path] = true end
  local drawn = table.pack(scripts.within(script, pcall, script.card.data, fm.rng(1, "card")))
  if not drawn[1] then fail("%s: card: data: %s", script.path, tostring(drawn[2])) end
  for path in pairs(script.files) do
    if not files[path] then script.files[path] = nil end
  end
  local shapes, parts = fm.json.array {}, {}
  for i = 2, drawn.n do
    local tensor = drawn[i]
    if not fm.is_tensor(tensor) then fail("%s: card: data: expected tensors, found a %s", script.path, type(tensor)) end
    shapes[#shapes + 1] = fm.json.array(tensor:shape())
    local numbers, packed = tensor:reshape(tensor:count()):totable(), {}
    for k, number in ipairs(numbers) do packed[k] = ("<f"):pack(number) end
    parts[#parts + 1] = fm.json.encode(shapes[#shapes]) .. table.concat(packed)
  end
  return { digest = fm.file.hash(table.concat(parts)), shapes = shapes }
end

--- What the card's data are now, { digest, shapes }. The first call may take a while.
function card_origin.data(script)
  script.drawn = script.drawn or draw(script)
  return script.drawn
end

local function folder_of(path)
  return path:match "^(.*/)" or ""
end

--- What the record of a run says: { code, fmrun, commit }, code being the digest of its script.
function card_origin.of_record(record)
  local found = { fmrun = record.versions and record.versions.fmrun, commit = record.commit and record.commit .. (record.dirty and ", with changes" or "") }
  for _, file in ipairs(record.code or {}) do
    if file.path == record.script then found.code = file.hash end
  end
  return found
end

--- Whether a run had this fmrun and the code that lies beside the card now, its parts as well.
local function has_code_of(script, record)
  local theirs, own, count = folder_of(record.script or ""), folder_of(script.path), 0
  if not record.versions or record.versions.fmrun ~= fm.version then return false end
  for _, file in ipairs(record.code or {}) do
    local path = file.path:sub(1, #theirs) == theirs and own .. file.path:sub(#theirs + 1) or file.path
    local text = text_of(path, largest)
    if not text or fm.file.hash(text) ~= file.hash then return false end
    count = count + 1
  end
  return count > 0
end

--- Gives the runs that were found the digest of their data, where it is known. saved: the runs of a
--- result, as those that were found, or nil.
function card_origin.add_data(script, found, saved)
  for i, by_seed in ipairs(found) do
    for seed, run in pairs(by_seed) do
      local before = saved and saved[i][seed]
      if run.record and has_code_of(script, run.record) then run.data = card_origin.data(script).digest end
      if not run.data and before and before.code == run.code then run.data = before.data end
    end
  end
end

return card_origin
