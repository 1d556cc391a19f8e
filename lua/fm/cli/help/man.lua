-- The man page fmrun.1 as roff (man(7)), from the tables of options and commands: so it agrees with
-- fmrun --help. Returns function() -> text.
local command <const> = require "fm.cli.commands"
local command_line <const> = require "fm.cli.command_line"
local core <const> = require "fm.core"
local pages <const> = require "fm.cli.help.pages"

--- Text with everything escaped that is special to roff.
local function plain(text)
  text = text:gsub("\\", "\\e"):gsub(utf8.charpattern, function(c) return #c > 1 and ("\\[u%04X]"):format(utf8.codepoint(c)) or c end)
  return (text:gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local function bold(text)
  return "\\fB" .. plain(text) .. "\\fR"
end

local function add_options(lines, options)
  for _, option in ipairs(options) do
    local flags = {}
    for i, flag in ipairs(option) do flags[i] = bold(flag) end
    lines[#lines + 1] = ".TP\n" .. table.concat(flags, ", ") .. (option.value and " \\fI" .. plain(option.value) .. "\\fR" or "")
    lines[#lines + 1] = plain(option.help)
  end
end

--- What `fmrun --help` says between its usage and its options, and after them: examples, and exit
--- codes.
local function parts_of_help()
  local text = command_line.help()
  local examples, exit = {}, text:match "\nexit:%s*(.*)$"
  for line in text:match "^(.-)\noptions:":gmatch "[^\n]+" do
    local code, meaning = line:match "^  (%S.-)%s%s+(%S.*)$"
    if code then examples[#examples + 1] = { code, meaning } end
  end
  return examples, exit
end

return function()
  local lines = { (".TH FMRUN 1 \"\" \"fmrun %s\" \"fmrun\""):format(plain(core.version)), ".SH NAME", "fmrun \\- flow\\-matching experiments in Lua",
    ".SH SYNOPSIS", bold "fmrun" .. " [\\fIoptions\\fR] \\fISCRIPT\\fR... [\\fIkey\\fR=\\fIvalue\\fR...] [\\-\\- \\fIwords\\fR]", ".br",
    bold "fmrun" .. " \\fICOMMAND\\fR ...", ".SH DESCRIPTION",
    "Runs experiments, one or many, and keeps a record of each in a folder. Commands look at these records.", ".SH OPTIONS" }
  local function add(line) lines[#lines + 1] = line end
  add_options(lines, command_line.options)
  add ".SH COMMANDS"
  for _, name in ipairs(command.names()) do
    add(".TP\n" .. bold(name) .. "\n" .. plain(command.summary(name)))
  end
  local examples, exit = parts_of_help()
  add ".SH EXAMPLES"
  for _, example in ipairs(examples) do add(".TP\n" .. bold(example[1]) .. "\n" .. plain(example[2])) end
  add(".SH EXIT STATUS\n" .. plain((exit:gsub("\n%s+", "\n"))))
  add ".SH ENVIRONMENT"
  for _, variable in ipairs { { "FM_RUNS", "the folder of the runs, in place of ./runs" },
    { "FM_HISTORY", "the file of the prompt's history, in place of $XDG_STATE_HOME/fmrun/history; empty: none" },
    { "LUA_INIT, LUA_PATH, LUA_CPATH", "as in lua(1); see \\-E" },
    { "NO_COLOR, FORCE_COLOR", "no colors, or colors everywhere" }, { "PAGER", "shows long pages of fmrun help" } } do
    add(".TP\n\\fB" .. variable[1] .. "\\fR\n" .. variable[2])
  end
  add ".SH MANUAL\nPages that \\fBfmrun help\\fR \\fINAME\\fR prints, and \\fBfmrun help \\-\\-site\\fR \\fIDIR\\fR writes as HTML:"
  for _, page in ipairs(pages.list()) do add(".TP\n" .. bold(page.name) .. "\n" .. plain(page.summary)) end
  return table.concat(lines, "\n") .. "\n"
end
