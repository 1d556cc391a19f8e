-- text(path) -> list of words in lower case, list of sentences (lists of words, one a line); or nil and a message.
return function(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local words, sentences = {}, {}
  for line in file:lines() do
    local sentence = {}
    for word in line:lower():gmatch "[%a'][%a'-]*" do
      words[#words + 1] = word
      sentence[#sentence + 1] = word
    end
    if #sentence > 0 then sentences[#sentences + 1] = sentence end
  end
  file:close()
  return words, sentences
end
