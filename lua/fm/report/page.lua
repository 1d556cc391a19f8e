-- The frame of a page: one file that needs nothing beside it. Style, scripts, data and the chart
-- library are inside, and the page forbids itself fetching anything.
local by_name <const> = require "fm.parts.by_name"
local html <const> = require "fm.report.html"

local page <const> = {}

local refresh_seconds <const> = 5 -- of a page whose run goes on

-- Where packages put Chart.js: Debian's libjs-chart.js; beside this file, if fmrun was packed with
-- it. FM_CHART_JS names another place.
local chart_places <const> = { "/usr/share/javascript/chart.js/chart.min.js", "/usr/share/javascript/chart.js/Chart.min.js" }
-- The first makes `report`, each of the others adds to it; the last starts them.
local scripts <const> = { "report", "table", "parallel", "smooth", "axes", "curves" }
local policy <const> = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a" or nil
end

--- The path of a file beside this one.
local function beside(name)
  return by_name.file("fm.report.page"):match "^(.*/)" .. name
end

local function own(name)
  return assert(read(beside(name)), beside(name) .. " is missing")
end

--- The text of Chart.js, or nil where it is not installed.
local function chart_library()
  local given = os.getenv "FM_CHART_JS"
  for _, path in ipairs(given and { given } or { beside "chart.min.js", table.unpack(chart_places) }) do
    local text = read(path)
    if text and text:find("Chart.js", 1, true) then return text end
  end
  return nil
end

local function script(text)
  return html.script { html.raw((text:gsub("</[Ss][Cc][Rr][Ii][Pp][Tt]", "<\\/script"))) }
end

local function scripts_of(json)
  local library = chart_library()
  local list = { html.script { type = "application/json", id = "data", html.script_json(json) } }
  if library then list[2] = script(library) end
  for _, name in ipairs(scripts) do list[#list + 1] = script(own(name .. ".js")) end
  return list, library ~= nil
end

--- The text of a page. o: title, refresh (its run goes on), json (what the scripts read), body (a
--- list of markup), made (when, in words).
function page.text(o)
  local parts, has_charts = scripts_of(o.json)
  local head = html.head { n = 8, html.meta { charset = "utf-8" },
    html.meta { name = "viewport", content = "width=device-width, initial-scale=1" },
    html.meta { ["http-equiv"] = "Content-Security-Policy", content = policy },
    html.meta { name = "color-scheme", content = "light dark" },
    o.refresh and html.meta { ["http-equiv"] = "refresh", content = refresh_seconds } or nil,
    html.title { o.title }, html.link { rel = "icon", href = "data:," }, html.style { html.raw(own "report.css") } }
  local foot = html.footer { n = 3, html.span { "fmrun report, " .. o.made },
    o.refresh and html.span { ("the run goes on: this page loads itself again every %d seconds"):format(refresh_seconds) } or nil,
    not has_charts and html.span { class = "no-charts",
      "charts are static: Chart.js was not found when this page was made (Debian: libjs-chart.js)" } or nil }
  local first = html.script { html.raw "document.documentElement.classList.add('scripted')" }
  local body = html.body { first, html.main { o.body }, foot, parts }
  return "<!DOCTYPE html>\n" .. tostring(html.html { lang = "en", head, body }) .. "\n"
end

return page
