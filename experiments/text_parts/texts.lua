-- texts(path, length): a text file as the text experiments see it. The last tenth is held out.
--   names         the characters of the whole file; an id is a place in this list
--   digest        of the whole file
--   train, held_out    ids [n]
--   windows       held-out windows [N, length] side by side, all that there are
--   spread(n)     at most n of them, from all over the held-out part
--   characters(ids)    ids of any shape as a list of characters
local fm <const> = require "fm"
local data <const> = fm.data

return function(path, length)
  local is_file <const> = not path:find "\n"
  if is_file then assert(io.open(path)):close() end -- a misspelt path would be a short text
  local ids, names = data.characters(path)
  if not ids then error(names, 0) end
  if #names < 2 then fm.fail(("%s: expected two kinds of characters or more, found %d"):format(path, #names)) end
  local cut <const> = #ids - #ids // 10
  local count <const> = (#ids - cut) // length
  if count == 0 then
    fm.fail(("%s: %d characters are held out, fewer than length = %d; a longer text or a shorter length would do"):format(path, #ids - cut, length))
  end
  local digest <const> = is_file and fm.file.hash_file(path) or fm.file.hash(path)
  local text <const> = { names = names, length = length, digest = digest, train = ids[{ 1, cut }], held_out = ids[{ cut + 1, #ids }] }
  text.windows = text.held_out[{ 1, count * length }]:reshape(count, length)

  function text.spread(n)
    n = math.min(n, count)
    local rows = {}
    for i = 1, n do rows[i] = (i - 1) * count // n + 1 end
    return text.windows:index_select(fm.tensor(rows), 1)
  end

  function text.characters(some)
    local list = some:reshape(-1):totable()
    for i, id in ipairs(list) do list[i] = names[id // 1] end
    return list
  end

  return text
end
