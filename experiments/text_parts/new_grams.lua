-- What `fmrun pareto` measures of a text flow: the share of 4-grams that the training text does not
-- have, which is high when few steps leave characters that do not fit. The floor is that of
-- held-out text. A sampler that repeats itself would look good, so read the samples of the run
-- beside it.
local measures <const> = require "text_parts.measures"

local new_grams <const> = { windows = 50 } -- to judge

--- What run:pareto asks of samples besides how they are made. decode(x), if given, makes ids of
--- them.
function new_grams.of(text, decode)
  local function share(ids)
    local rows = {}
    for i = 1, #ids do rows[i] = text.characters(ids[i]) end
    return (measures.novel(text.characters(text.train), 4, rows))
  end
  return { name = "new 4-grams", metric = function(x) return share(decode and decode(x) or x) end,
    floor = function() return share(text.spread(new_grams.windows)) end }
end

return new_grams
