-- The parts that pages of runs and of sweeps share: head, results, command, config, environment,
-- code, log.
local describe <const> = require "fm.records.describe"
local html <const> = require "fm.report.html"
local open <const> = require "fm.records.regular"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local parts <const> = {}

--- A section with a heading, or nothing when there is no content.
function parts.section(id, title, ...)
  local contents = table.pack(...)
  local any = false
  for i = 1, contents.n do any = any or contents[i] end
  if not any then return nil end
  return html.section { n = contents.n + 1, id = id, html.h2 { title }, ... }
end

function parts.status(status)
  return html.span { class = "status " .. status, status }
end

--- Facts on one line, separated by dots; nil facts are left out.
function parts.facts(list)
  local shown = {}
  for i = 1, list.n do
    if list[i] then shown[#shown + 1] = html.span { list[i] } end
  end
  return html.p { class = "facts", shown }
end

--- Large numbers: list of { name, value, note }.
function parts.tiles(list)
  if #list == 0 then return nil end
  local tiles = {}
  for i, tile in ipairs(list) do
    local value = html.dd { title = tostring(tile[2]), words.value(tile[2]), tile[3] and html.small { tile[3] } }
    tiles[i] = html.div { html.dt { tile[1] }, value }
  end
  return html.dl { class = "tiles", tiles }
end

function parts.command(text)
  if type(text) ~= "string" then return nil end
  return html.div { class = "command", html.code { text }, html.button { type = "button", class = "copy scripted", "copy" } }
end

--- Every parameter; a value that differs from its default is marked and has the default beside it.
function parts.config(record)
  local defaults, rows = record.defaults or {}, {}
  for i, name in ipairs(sorted_keys(record.config)) do
    local value, default = record.config[name], defaults[name]
    local differs = default ~= nil and default ~= value
    rows[i] = html.tr { class = differs and "differs" or nil, html.th { scope = "row", name },
      html.td { title = tostring(value), words.value(value) },
      html.td { class = "default", differs and "default " .. words.value(default) or "" } }
  end
  if #rows == 0 then return html.p { class = "note", "No parameters are recorded." } end
  return html.table { class = "config", html.tbody { rows } }
end

local function pairs_table(list)
  local rows = {}
  for i = 1, list.n, 2 do
    if list[i + 1] ~= nil then rows[#rows + 1] = html.tr { html.th { scope = "row", list[i] }, html.td { tostring(list[i + 1]) } } end
  end
  return html.table { class = "pairs", html.tbody { rows } }
end

function parts.environment(record)
  local v, resumed = record.versions or {}, math.type(record.resumed) and record.resumed or 0
  return pairs_table(table.pack("fmrun", v.fmrun and ("%s (%s)"):format(v.fmrun, v.real or "?"), "Lua", v.lua, "OpenBLAS",
    v.blas and ("%s %s"):format(v.blas, v.blas_core or ""), "threads", record.threads, "cores", record.cores, "host", record.host, "process", record.pid,
    "peak memory", math.type(record.peak_rss) and words.bytes(record.peak_rss * 1024.0),
    "train step", describe.step_memory(record), "started", words.time(record.started),
    "ended", words.time(record.ended), "resumed", resumed > 0 and words.count(resumed, "time") or nil, "folder", record.path))
end

--- Digests of what the run was made of: list of { path, hash }.
function parts.digests(...)
  local rows = {}
  for _, list in ipairs { ... } do
    for _, file in ipairs(list) do rows[#rows + 1] = html.tr { html.td { file.path }, html.td { class = "hash", file.hash } } end
  end
  if #rows == 0 then return nil end
  return html.div { class = "wide", html.table { class = "digests", html.tbody { rows } } }
end

-- ---- logs and failures ----

local tail_bytes <const> = 16384

--- The last lines of a run's log.txt as text, or nil.
function parts.log_tail(path, most)
  local file <close>, size = open(path .. "/log.txt")
  if not file then return nil end
  file:seek("set", math.max(0, size - tail_bytes))
  local lines = {}
  for line in (file:read(tail_bytes) or ""):gmatch "[^\n]*" do lines[#lines + 1] = line end
  if lines[#lines] == "" then lines[#lines] = nil end
  if size > tail_bytes then table.remove(lines, 1) end -- it may be only part of a line
  if #lines == 0 then return nil end
  local first = math.max(1, #lines - most + 1)
  return table.concat(lines, "\n", first), (first > 1 or size > tail_bytes) and #lines - first + 1 or nil
end

local bad <const> = { failed = true, diverged = true, killed = true, lost = true, damaged = true }
local lost_text <const> = "The run says it is running, but no process does: it was killed, or its machine stopped."

--- What went wrong, with the end of the log; nothing for a run that did not fail. `title` stands
--- above it when the page has several runs.
function parts.failure(record, title)
  if not bad[record.status] then return nil end
  local text, shown = parts.log_tail(record.path, 20)
  local reason = record.error or (record.status == "lost" and lost_text)
  return html.div { n = 4, class = "failure " .. record.status, title, reason and html.p { class = "reason", reason },
    text and html.div { class = "label", shown and ("last %d lines of log.txt"):format(shown) or "log.txt" }, text and html.pre { text } }
end

return parts
