-- Chromium without a window, driven by its DevTools protocol over two pipes (messages of JSON, each ended by a zero byte).
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local uv <const> = require "luv"

local chromium <const> = {}
local Browser <const> = {}
Browser.__index = Browser

local patience <const> = 20000 -- milliseconds for one answer

--- The path of an installed browser, or nil.
function chromium.find()
  for _, path in ipairs { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" } do
    if lfs.attributes(path) then return path end
  end
  return nil
end

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

--- Starts a browser with a profile of its own. Raises when it does not answer.
function chromium.start(path)
  local profile = os.tmpname()
  os.remove(profile)
  local orders, answers = uv.new_pipe(false), uv.new_pipe(false)
  local arguments = { "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-extensions", "--disable-dev-shm-usage",
    "--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir=" .. profile, "about:blank" }
  if uv.getuid() == 0 then table.insert(arguments, 1, "--no-sandbox") end -- the sandbox refuses root
  local self = setmetatable({ orders = orders, profile = profile, parts = {}, answers = {}, events = {}, last = 0, gone = false }, Browser)
  self.process = assert(uv.spawn(path, { args = arguments, stdio = { nil, nil, nil, orders, answers }, detached = true }, function() self.gone = true end))
  answers:read_start(function(_, text)
    if text then receive(self, text) end
  end)
  self.pipe = answers
  local target = self:call("Target.createTarget", { url = "about:blank" }).targetId
  self.session = self:call("Target.attachToTarget", { targetId = target, flatten = true }).sessionId
  for _, domain in ipairs { "Page", "Runtime", "Log", "Network", "DOM" } do self:call(domain .. ".enable") end
  return self
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

--- Opens a file and waits until it is loaded. Events before it are forgotten.
function Browser:open(path)
  self.events = {}
  self:call("Page.navigate", { url = "file://" .. path })
  if not wait(function() return has_event(self.events, "Page.loadEventFired") end, patience) then error(path .. " does not load", 2) end
end

--- The value of a JavaScript expression. Raises what it throws.
function Browser:evaluate(expression)
  local answer = self:call("Runtime.evaluate", { expression = expression, returnByValue = true, awaitPromise = true })
  if answer.exceptionDetails then error(answer.exceptionDetails.exception.description or answer.exceptionDetails.text, 2) end
  return answer.result.value
end

--- Moves the mouse to a point of the window, and presses there when asked to: "click", or "down" and "up", the ends of a drag.
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

--- Moves to (and presses at) the middle of the first element of a selector, which is scrolled into view; returns the middle.
function Browser:at(selector, press)
  local box = self:evaluate(([[(() => { const element = document.querySelector(%s); element.scrollIntoView({ block: "center" });
    const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()]]):format(fm.json.encode(selector)))
  self:mouse(box[1], box[2], press)
  return box[1], box[2]
end

--- What went wrong in the page since it was opened: errors and warnings of the console, exceptions, and whatever it fetched beside itself.
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
  for _, handle in ipairs { self.orders, self.pipe, self.process } do
    if not handle:is_closing() then handle:close() end
  end
  uv.run "nowait"
  os.execute("rm -rf " .. self.profile)
end

return chromium
