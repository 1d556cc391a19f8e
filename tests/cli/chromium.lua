-- Chromium without a window, driven by its DevTools protocol over two pipes (messages of JSON, each
-- ended by a zero byte).
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local uv <const> = require "luv"

local chromium <const> = {}
local Browser <const> = {}
Browser.__index = Browser

local patience <const> = 20000 -- milliseconds for one answer

--- Runs the loop until done() or the time is over; whether it was done.
local function wait(done, milliseconds)
  local over = false
  local timer = uv.new_timer()
  timer:start(milliseconds, 0, function() over = true end)
  while not done() and not over do uv.run "once" end
  timer:close()
  return done()
end

local function receive(browser, text)
  local from, to = 1, text:find("\0", 1, true)
  while to do
    table.insert(browser.parts, text:sub(from, to - 1))
    local value = assert(fm.json.decode(table.concat(browser.parts)))
    if value.id then browser.answers[value.id] = value else table.insert(browser.events, value) end
    browser.parts, from = {}, to + 1
    to = text:find("\0", from, true)
  end
  table.insert(browser.parts, text:sub(from))
end

--- Starts a program as a browser with a profile of its own; it may not answer.
local function start(path, options)
  local profile = os.tmpname()
  os.remove(profile)
  local orders, answers, errors = uv.new_pipe(false), uv.new_pipe(false), uv.new_pipe(false)
  local arguments = { "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-extensions", "--disable-dev-shm-usage",
    "--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir=" .. profile, "about:blank", table.unpack(options) }
  local self = setmetatable({ orders = orders, profile = profile, parts = {}, answers = {}, events = {}, last = 0, gone = false, said = {} }, Browser)
  self.unheard = uv.new_signal() -- writing to a browser that has ended is an error of the write, not the end of this process
  self.unheard:start("sigpipe", function() end)
  self.process = assert(uv.spawn(path, { args = arguments, stdio = { nil, nil, errors, orders, answers }, detached = true }, function() self.gone = true end))
  answers:read_start(function(_, text)
    if text then receive(self, text) end
  end)
  errors:read_start(function(_, text) self.said[#self.said + 1] = text end)
  self.handles = { orders, answers, errors, self.unheard, self.process }
  return self
end

--- Opens a tab. Raises when the browser does not answer.
local function open_tab(self)
  local target = self:call("Target.createTarget", { url = "about:blank" }).targetId
  self.session = self:call("Target.attachToTarget", { targetId = target, flatten = true }).sessionId
  for _, domain in ipairs { "Page", "Runtime", "Log", "Network", "DOM" } do self:call(domain .. ".enable") end
end

local places <const> = { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }

--- A browser that works; or nil and why there is none: not installed, or what the last one said.
--- The sandbox refuses root, and wants namespaces that a container may not have: the pages are our
--- own, so it may go.
function chromium.start()
  local why = "no chromium is installed"
  for _, path in ipairs(places) do
    for _, options in ipairs(lfs.attributes(path) and { {}, { "--no-sandbox" } } or {}) do
      local browser = start(path, options)
      local ok, problem = pcall(open_tab, browser)
      if ok then return browser end
      browser:close()
      local said = table.concat(browser.said):gsub("%s+", " "):sub(1, 300)
      why = ("%s does not work here: %s"):format(path, said:find "%S" and said or problem)
    end
  end
  return nil, why
end

--- Calls a method of the protocol; returns its result. Raises.
function Browser:call(method, parameters)
  self.last = self.last + 1
  local id = self.last
  self.orders:write(fm.json.encode { id = id, method = method, params = parameters, sessionId = self.session } .. "\0")
  if not wait(function() return self.answers[id] or self.gone end, patience) or self.gone then error(method .. ": chromium does not answer", 2) end
  local answer = self.answers[id]
  self.answers[id] = nil
  if answer.error then error(("%s: %s"):format(method, answer.error.message), 2) end
  return answer.result
end

local function has_event(events, method)
  for _, event in ipairs(events) do
    if event.method == method then return true end
  end
  return false
end

--- Calls a method of the protocol that leads to another page, and waits until that is loaded:
--- before it is, an expression may be lost with the old page. Events before the call are forgotten.
function Browser:leave(method, parameters)
  self.events = {}
  self:call(method, parameters)
  if not wait(function() return has_event(self.events, "Page.loadEventFired") end, patience) then error(method .. ": no page is loaded", 2) end
end

--- Opens a file and waits until it is loaded.
function Browser:open(path)
  self:leave("Page.navigate", { url = "file://" .. path })
end

--- The value of a JavaScript expression. Raises what it throws.
function Browser:evaluate(expression)
  local answer = self:call("Runtime.evaluate", { expression = expression, returnByValue = true, awaitPromise = true })
  if answer.exceptionDetails then error(answer.exceptionDetails.exception.description or answer.exceptionDetails.text, 2) end
  return answer.result.value
end

--- Moves the mouse to a point of the window, and presses there when asked to: "click", or "down"
--- and "up", the ends of a drag.
function Browser:mouse(x, y, press)
  local held = press == "up"
  self:call("Input.dispatchMouseEvent", { type = "mouseMoved", x = x, y = y, button = held and "left" or "none", buttons = held and 1 or 0 })
  if press == "click" or press == "down" then
    self:call("Input.dispatchMouseEvent", { type = "mousePressed", x = x, y = y, button = "left", clickCount = 1 })
  end
  if press == "click" or press == "up" then
    self:call("Input.dispatchMouseEvent", { type = "mouseReleased", x = x, y = y, button = "left", clickCount = 1 })
  end
end

--- Moves to (and presses at) the middle of the first element of a selector, which is scrolled into
--- view; returns the middle.
function Browser:at(selector, press)
  local box = self:evaluate(([[(() => { const element = document.querySelector(%s); element.scrollIntoView({ block: "center" });
    const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()]]):format(fm.json.encode(selector)))
  self:mouse(box[1], box[2], press)
  return box[1], box[2]
end

--- What went wrong in the page since it was opened: errors and warnings of the console, exceptions,
--- and whatever it fetched beside itself.
function Browser:complaints()
  local list = {}
  for _, event in ipairs(self.events) do
    local p = event.params
    if event.method == "Runtime.exceptionThrown" then
      list[#list + 1] = p.exceptionDetails.exception and p.exceptionDetails.exception.description or p.exceptionDetails.text
    elseif event.method == "Log.entryAdded" and p.entry.level ~= "verbose" then
      list[#list + 1] = p.entry.text
    elseif event.method == "Runtime.consoleAPICalled" and (p.type == "error" or p.type == "warning") then
      list[#list + 1] = "console." .. p.type
    elseif event.method == "Network.requestWillBeSent" and not p.request.url:find "^file:///" and not p.request.url:find "^data:" then
      list[#list + 1] = "fetched " .. p.request.url
    end
  end
  return list
end

--- Ends the browser and removes its profile.
function Browser:close()
  pcall(self.call, self, "Browser.close")
  wait(function() return self.gone end, 3000)
  if not self.gone then uv.kill(-self.process:get_pid(), "sigkill") end
  wait(function() return self.gone end, 3000)
  for _, handle in ipairs(self.handles) do
    if not handle:is_closing() then handle:close() end
  end
  uv.run "nowait"
  os.execute("rm -rf " .. self.profile)
end

return chromium
