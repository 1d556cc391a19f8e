-- What JSON has no numbers for, as runs write it: the text and its number.
return { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }
