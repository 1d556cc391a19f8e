-- What a page of the manual asks its test to do: manual_page.steps(page) -> list of
--   { kind = "file", name, text, line }            a ```lua file=NAME``` (or other) block: it is
--                                                  written
--   { kind = "sh", text, line, expected }          a ```sh``` block; expected: the ```text``` block
--                                                  after it, or nil
--   { kind = "session", blocks, line }             all ```lua``` blocks without a file, as one
--                                                  program, where the last of them stands.
--                                                  Each block: { text, line, expected }; `--> text`
--                                                    at a line's end is its output, to the digit
--   { kind = "picture", text, name, line }         an image, and the command that makes it
--   { kind = "pending", line, reason }             a block with <!-- not run: REASON -->
-- Comments before a block say what differs for the test:
--   <!-- test: COMMANDS -->       what is run instead of the next sh block, to be shorter: fewer
--                                 steps
--   <!-- instead: COMMANDS -->    what is always run instead of it: a signal instead of Ctrl-C, the
--                                 hash that a run has here
--   <!-- run: COMMANDS -->        what is run besides, and no reader sees
--   <!-- needs: COMMAND -->       the next block is run where the command succeeds, else it is
--                                 pending
--   <!-- not compared: REASON --> the next text block is no output of what was run
--   <!-- picture: COMMANDS -->    makes the file of the next image, in the page's folder
local manual_page <const> = {}

local function problem(page, line, text)
  error(("%s.md line %d: %s"):format(page.name, line or 0, text), 0)
end

--- Every block in order, those in lists and quotes too.
local function flat(blocks, list)
  list = list or {}
  for _, block in ipairs(blocks) do
    if block.kind == "list" then
      for _, item in ipairs(block.items) do flat(item, list) end
    elseif block.kind == "quote" then
      flat(block.blocks, list)
    else
      list[#list + 1] = block
    end
  end
  return list
end
manual_page.flat = flat

local function image_of(block)
  for _, piece in ipairs(block.inline or {}) do
    if piece.kind == "image" then return piece.target end
  end
end

--- The comments that hold for the next block.
local function directive(block, held)
  local word, text = block.text:match "^(%l[%l ]*):%s*(.*)$"
  if word == "order" then return end
  if not ({ test = true, instead = true, run = true, needs = true, picture = true, ["not run"] = true, ["not compared"] = true })[word] then
    error(('a comment that says nothing to the tests: "%s"'):format(block.text), 0)
  end
  held[word] = text
end

--- Adds a block to the session, which moves to where this block stands; returns the block's part of
--- it.
local function add_to_session(steps, session, block)
  for i, step in ipairs(steps) do
    if step == session then table.remove(steps, i) end
  end
  steps[#steps + 1] = session
  session.line = session.line or block.line
  local part = { text = block.text, line = block.line }
  table.insert(session.blocks, part)
  return part
end

function manual_page.steps(page)
  local steps, session, held, last = {}, { kind = "session", blocks = {} }, {}, nil
  for _, block in ipairs(flat(page.blocks)) do
    if block.kind == "comment" then
      directive(block, held)
      if held.run then
        steps[#steps + 1] = { kind = "sh", text = held.run, line = 0, needs = held.needs }
        held = {}
      end
    elseif block.kind == "code" then
      local file = block.info:match "^file=(%S+)$"
      if block.info ~= "" and not file then problem(page, block.line, "unknown words after ```: " .. block.info) end
      if held["not run"] then
        steps[#steps + 1] = { kind = "pending", line = block.line, reason = held["not run"] }
      elseif file then
        steps[#steps + 1] = { kind = "file", name = file, text = block.text, line = block.line }
      elseif block.language == "sh" then
        last = { kind = "sh", text = held.instead or held.test or block.text, shown = held.instead or block.text, line = block.line, needs = held.needs }
        steps[#steps + 1] = last
      elseif block.language == "lua" then
        last = add_to_session(steps, session, block)
      elseif block.language == "text" then
        if not held["not compared"] then
          if not last then problem(page, block.line, "output of nothing: say <!-- not compared: why --> before it") end
          last.expected, last.expected_line = block.text, block.line
        end
        last = nil
      else
        problem(page, block.line, ('a block of "%s" is neither run nor <!-- not run: why -->'):format(block.language))
      end
      held = {}
    else
      local image = image_of(block)
      if image then
        if not held.picture then problem(page, nil, image .. ": no <!-- picture: command --> before it") end
        steps[#steps + 1] = { kind = "picture", text = held.picture, name = image, line = 0 }
        held = {}
      end
    end
  end
  return steps
end

-- ---- output ----

--- A line without what differs from run to run: numbers, hashes, bars, spaces.
function manual_page.masked(line)
  line = line:gsub("\u{2581}", "~"):gsub("\u{2582}", "~"):gsub("\u{2583}", "~"):gsub("\u{2584}", "~"):gsub("\u{2585}", "~"):gsub("\u{2586}", "~")
    :gsub("\u{2587}", "~"):gsub("\u{2588}", "~"):gsub("~[~ ]*~", "~")
  line = line:gsub("%f[%w]%x%x%x%x%x%x%x%x%f[%W]", "#")
  line = line:gsub("%f[%w]%d+[dhm]%d+[hms]", "1s")
  line = line:gsub("%f[%w.-]%-?%d+%.?%d*e?[-+]?%d*", "#"):gsub("#[hms] ?#?[ms]?", "#s"):gsub("#%f[%W]ms", "#s")
  return (line:gsub("%s+", " "):match "^%s*(.-)%s*$")
end

local function lines_of(text)
  local list = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if line:find "%S" then list[#list + 1] = line end
  end
  return list
end

local function is_line(found, wanted)
  if not found then return false end
  if wanted:sub(1, 1) == manual_page.exact then return found:gsub("%s+", " "):match "^%s*(.-)%s*$" == wanted:sub(2):gsub("%s+", " ") end
  return manual_page.masked(found) == manual_page.masked(wanted)
end

--- Before a line of what is expected: its numbers count too.
manual_page.exact = "\2"

--- Whether a text has these lines in this order; "..." stands for any lines. nil and the first line
--- that is missing, otherwise.
function manual_page.has_output(text, expected)
  local found, at, any = lines_of(text), 1, false
  for _, wanted in ipairs(lines_of(expected)) do
    if wanted:match "^%s*%.%.%.%s*$" then
      any = true
    else
      while any and found[at] and not is_line(found[at], wanted) do at = at + 1 end
      if not is_line(found[at], wanted) then return nil, wanted end
      at, any = at + 1, false
    end
  end
  if not any and found[at] then return nil, "the end, but there is: " .. found[at] end
  return true
end

return manual_page
