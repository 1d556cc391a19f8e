-- Changes that are no mistakes: no test could notice them, because what is computed is the same, or
-- differs only in what nobody is promised. Each by its key (file: kind: the line => what it
-- becomes, see draw.lua) with the reason.
return {
  ['lua/fm/diffusion/schedule/init.lua: skipped call: if getmetatable(what) == Schedule or type(what) ~= "string"'
    .. ' and not (type(what) == "table" and type(what[1]) == "string") then => if (what) == Schedule or type(what) ~= "string"'
    .. ' and not (type(what) == "table" and type(what[1]) == "string") then'] = "a schedule is a table without a name at 1, which the rest finds as well",
  ["lua/fm/parts/options.lua: constant: return options.integer(where, whole, low or 1, largest_size)"
    .. " => return options.integer(where, whole, low or 0, largest_size)"] = "the line before has refused what is below 1",
}
