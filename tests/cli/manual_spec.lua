-- Every page of the manual is followed as a reader would do it: its files are written, its commands
-- and programs run in one folder, in order, and the output that it shows is compared with theirs,
-- mostly without the numbers. cli/manual_page.lua says how a page tells its test what differs.
--   FM_MANUAL=tutorial     by hand: that page alone, its commands as they are printed, its pictures
--                          made again; minutes
local lfs <const> = require "lfs"
local manual_page <const> = require "cli.manual_page"
local pages <const> = require "fm.cli.help.pages"
local shell <const> = require "cli.shell"

local in_full <const> = os.getenv "FM_MANUAL"
local root <const> = lfs.currentdir()
local most_bytes <const> = 60000 -- of a picture

--- The first folder that has Fashion-MNIST or MNIST, or nil: what a page finds as $REAL_PICTURES.
--- Its $PICTURES are drawn, and fewer.
local function real_pictures()
  local function has(folder, part)
    local path = ("%s/%s-images-idx3-ubyte"):format(folder, part)
    return lfs.attributes(path) or lfs.attributes(path .. ".gz")
  end
  for _, folder in ipairs { "/usr/share/datasets/fashion-mnist", root .. "/datasets/fashion-mnist", root .. "/datasets/mnist" } do
    if has(folder, "train") and has(folder, "t10k") then return folder end
  end
end

--- IDX files as MNIST's: n pictures of 28 x 28 pixels, a bar whose place is the label, and their
--- labels.
local function write_pictures(folder, n)
  assert(lfs.mkdir(folder))
  for _, part in ipairs { "train", "t10k" } do
    local images, labels = { string.pack(">I4I4I4I4", 0x803, n, 28, 28) }, { string.pack(">I4I4", 0x801, n) }
    for i = 1, n do
      local label = (i * 7) % 10
      local dark, bright = ("\0"):rep(28), ("\0"):rep(4) .. string.char(100 + i % 100):rep(20) .. ("\0"):rep(4)
      for row = 0, 27 do images[#images + 1] = (row // 3 == label) and bright or dark end
      labels[#labels + 1] = string.char(label)
    end
    for name, parts in pairs { ["images-idx3-ubyte"] = images, ["labels-idx1-ubyte"] = labels } do
      local file <close> = assert(io.open(("%s/%s-%s"):format(folder, part, name), "wb"))
      file:write(table.concat(parts))
    end
  end
end

-- ---- running ----

local function write(name, text)
  local folder = name:match "^(.*)/"
  if folder then os.execute(("mkdir -p '%s/%s'"):format(shell.folder, folder)) end
  shell.write(name, text .. "\n")
end

--- Runs commands in the page's folder, where "fmrun" is the one under test. Returns the exit code
--- and all output.
local function sh(commands)
  write(".commands", "set -e\n" .. commands)
  local places = ("PATH='%s/.bin':$PATH HOME='%s' COLUMNS=80 PICTURES='%s' REAL_PICTURES='%s'"):format(shell.folder, shell.folder, shell.pictures,
    real_pictures() or "")
  local code = shell.run(("env -u FM_RUNS -u FORCE_COLOR %s sh .commands >.output 2>&1"):format(places))
  return code, shell.read(shell.folder .. "/.output")
end

local function compare(page, output, block)
  if in_full then return io.stderr:write(output) end -- to be looked at, and pasted
  if not block.expected then return end
  local ok, missing = manual_page.has_output(output, block.expected)
  assert(ok, ("%s.md line %d: the output has not this line, or not there:\n%s\n---- it is:\n%s"):format(page.name, block.expected_line or block.line,
    missing, output))
end

--- What `--> text` at the ends of lines says, and the text block after it.
local function expected_of(block)
  local list = {}
  for text in block.text:gmatch "%-%-> ?([^\n]*)" do list[#list + 1] = manual_page.exact .. text end
  list[#list + 1] = block.expected
  return #list > 0 and table.concat(list, "\n") or nil
end

local mark <const> = 'io.stdout:write("\\n\\x01%d\\n"); io.stdout:flush()' -- before each block

--- One program of several blocks, each on the lines that it has in the page.
local function program(step)
  local lines, at = {}, 0
  for _, block in ipairs(step.blocks) do
    while at < block.line do lines[#lines + 1], at = "", at + 1 end
    lines[#lines] = mark:format(block.line)
    for line in (block.text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1], at = line, at + 1 end
  end
  return table.concat(lines, "\n")
end

local does <const> = {} -- each does a step, and returns why it is left undone, if it is

function does.file(page, step)
  write(step.name, step.text)
  if not step.name:find "%.py$" then return end
  local code, output = sh(("command -v python3 >/dev/null || exit 0; python3 -m py_compile %s"):format(step.name)) -- it may lack what it imports
  assert(code == 0, ("%s.md line %d: %s"):format(page.name, step.line, output))
end

function does.sh(page, step)
  local code, output = sh(in_full and step.shown or step.text)
  assert(code == 0, ("%s.md line %d: exit %d of\n%s\n---- it said:\n%s"):format(page.name, step.line, code, step.text, output))
  compare(page, output, step)
end

function does.session(page, step)
  local file = page.name .. ".page.lua"
  write(file, program(step))
  local code, output = sh("fmrun -q " .. file)
  assert(code == 0, ("%s.md: (the line is that of the page)\n%s"):format(page.name, output))
  for _, block in ipairs(step.blocks) do
    local own = output:match(("\1%d\n([^\1]*)"):format(block.line))
    compare(page, own, { expected = expected_of(block), line = block.line })
  end
end

function does.picture(page, step)
  local committed = pages.folder() .. step.name
  local code, output = sh(step.text)
  assert(code == 0, output)
  local made = shell.read(shell.folder .. "/" .. step.name)
  if in_full then assert(os.execute(("cp '%s/%s' '%s'"):format(shell.folder, step.name, committed))) end
  local there = shell.read(committed)
  assert.equal(there:sub(1, 8), made:sub(1, 8), page.name .. ".md: the picture has another format: " .. step.name)
  assert(#there <= most_bytes, ("%s has %d bytes"):format(step.name, #there))
end

function does.pending(page, step)
  return ("%s.md line %d is not run: %s"):format(page.name, step.line, step.reason)
end

local function title(step)
  local text = step.text or step.name or step.reason or "its Lua"
  return ("line %d: %s"):format(step.line, text:gsub("\n.*", " ..."):sub(1, 60))
end

for _, page in ipairs(in_full and { pages.find(in_full) } or pages.list()) do
  describe("the page " .. page.name, function()
    local failed = false

    setup(function()
      shell.open()
      assert(os.execute(("mkdir '%s/.bin' && ln -s '%s' '%s/.bin/fmrun'"):format(shell.folder, shell.fmrun, shell.folder)))
      assert(os.execute(("ln -s '%s/experiments' '%s/datasets' '%s'"):format(root, root, shell.folder)))
      shell.pictures = in_full and real_pictures() or shell.folder .. "/.pictures"
      if not lfs.attributes(shell.pictures) then write_pictures(shell.pictures, 300) end
    end)

    teardown(shell.close)

    for _, step in ipairs(manual_page.steps(page)) do
      it(title(step), function()
        if failed then return pending(page.name .. ".md: a step before this one failed") end
        if step.needs and sh(step.needs) ~= 0 then return pending(("%s.md line %d: not here: %s"):format(page.name, step.line, step.needs)) end
        local why
        failed = true
        why = does[step.kind](page, step)
        failed = false
        if why then pending(why) end -- which raises
      end)
    end
  end)
end

describe("the manual", function()
  it("has a title, a line about itself, and links that lead somewhere, on every page", function()
    local ids, count = {}, 0
    for _, page in ipairs(pages.list()) do
      ids[page.name .. ".md"] = true
      for _, section in ipairs(pages.sections(page)) do
        local id = page.name .. ".md#" .. section.id
        assert(not ids[id], id .. " is there twice")
        ids[id] = true
      end
      count = count + 1
    end
    assert.truthy(count > 0)
    for _, page in ipairs(pages.list()) do
      assert(page.title ~= page.name and page.summary ~= "" and #page.summary <= 120, page.name .. ".md: title and one line of at most 120 bytes")
      local function look(inline)
        for _, piece in ipairs(inline) do
          if piece.inline then look(piece.inline) end
          local target = piece.kind == "link" and piece.target
          if target and not target:find "^https?:" then
            assert(ids[target:find "^#" and page.name .. ".md" .. target or target], ("%s.md: %s leads nowhere"):format(page.name, target))
          end
        end
      end
      for _, block in ipairs(manual_page.flat(page.blocks)) do
        look(block.inline or {})
        for _, row in ipairs(block.rows or {}) do
          for _, cell in ipairs(row) do look(cell) end
        end
      end
    end
  end)
end)
