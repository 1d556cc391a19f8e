-- The numbers that JSON does not have: the text that runs write for each, and the number.
return { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }
