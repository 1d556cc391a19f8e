-- data.csv: columns of numbers and of categories, and what it refuses, by line and column.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local csv <const> = fm.data.csv

describe("data.csv", function()
  local path <const> = os.tmpname()
  checks.no_bytes_stay(before_each, after_each)
  teardown(function() os.remove(path) end)

  local function write(text)
    assert(fm.file.write(path, text))
    return path
  end
  local function read(text, o)
    local x, names, classes, skipped = csv(write(text), o)
    assert(x, names)
    return x:totable(), names, classes, skipped
  end
  local function refuses(text, o, message)
    assert.same({ nil, ("%s: csv: %s"):format(path, message) }, { csv(write(text), o) })
  end

  local pets <const> = "name,weight,kind,age\nTom, 4.5 ,cat,3\nRex,20,dog,7.5\nKit,3,cat,1\n"
  local text_advice <const> = "; a column of texts belongs to categories, or choose others by columns"
  local skip_advice <const> = '; missing = "skip" leaves such lines out'

  it("reads numbers, with names or without", function()
    local x, names, classes, skipped = read 'mass,"a ""b"", c", last \r\n1, -2.5e-1,7\r\n.5,"3",8\r\n\n\r\n'
    assert.same({ { 1, -0.25, 7 }, { 0.5, 3, 8 } }, x)
    assert.same({ { "mass", 'a "b", c', "last" }, {}, {} }, { names, classes, skipped })
    x, names = read "1,2\n+4,-0"
    assert.same({ { { 1, 2 }, { 4, 0 } }, { "1", "2" } }, { x, names })
    x, names = read "\u{feff}a\n1" -- a mark that some programs put first
    assert.same({ { { 1 } }, { "a" } }, { x, names })
    assert.same({ { 3 } }, (read 'a\n" 3 "')) -- spaces in quotes
  end)

  it("guesses whether the first line has names, or is told", function()
    assert.same({ "1990", "2000" }, (select(2, read("1990,2000\n1,2", { header = true }))))
    assert.equal(2, #read "1990,2000\n1,2")
    local x, _, classes, skipped = read("?,cat\n2,dog", { header = false, categories = 2, missing = "skip" })
    assert.same({ { { 2 } }, { "dog" }, { 1 } }, { x, classes["2"].names, skipped })
    refuses("a,b\n1,2", { header = false }, 'line 1, column 1: expected a number, found "a"' .. text_advice)
    refuses("nan,inf\n1,2", nil, 'line 1, column 1: expected a number, found "nan"' .. skip_advice)
    for _, text in ipairs { "NaN", "-nan" } do refuses(text .. "\n1", nil, ('line 1, column 1: expected a number, found "%s"%s'):format(text, skip_advice)) end
    refuses("INF\n1", nil, 'line 1, column 1: expected a finite number, found "INF"')
  end)

  it("takes columns by name and by number, in the order asked for", function()
    for _, columns in ipairs { { "age", "weight" }, { 4, "weight" }, { "age", 2.0 } } do
      local x, names = read(pets, { columns = columns })
      assert.same({ { { 3, 4.5 }, { 7.5, 20 }, { 1, 3 } }, { "age", "weight" } }, { x, names })
    end
    assert.same({ { 3 }, { 7.5 }, { 1 } }, (read(pets, { columns = "age" })))
    assert.same({ { 3 }, { 7.5 }, { 1 } }, (read(pets, { columns = 4 })))
    assert.same({ { 2 }, { 4 } }, (read("1,2\n3,4", { columns = "2" })))
    assert.same({ { 2 } }, (read("a,a\n1,2", { columns = 2 })))
  end)

  it("reads texts as classes, in the order of their names or of a list", function()
    local x, names, classes, labels
    x, names, classes = read(pets, { categories = { "kind", name = { "Kit", "Rex", "Tom", "Zoe" } } })
    assert.same({ { { 4.5, 3 }, { 20, 7.5 }, { 3, 1 } }, { "weight", "age" } }, { x, names })
    assert.same({ { 1, 2, 1 }, { "cat", "dog" } }, { classes.kind.labels:totable(), classes.kind.names })
    local given <const> = { "cat", "dog" }
    classes.kind = select(3, read(pets, { columns = "age", categories = { kind = given } })).kind
    assert.same(given, classes.kind.names)
    assert.is_false(rawequal(given, classes.kind.names)) -- a list of its own
    assert.same({ { 3, 2, 1 }, { "Kit", "Rex", "Tom", "Zoe" } }, { classes.name.labels:totable(), classes.name.names })
    -- with columns, the others are not read; a number may be the name of a class
    x, names, classes = read(pets, { columns = "age", categories = { "weight", [3] = { "dog", "cat" } } })
    assert.same({ { { 3 }, { 7.5 }, { 1 } }, { "age" }, { "20", "3", "4.5" } }, { x, names, classes.weight.names })
    labels = { classes.weight.labels:totable(), classes.kind.labels:totable() }
    assert.same({ { { 3, 1, 2 }, { 2, 1, 2 } }, nil }, { labels, classes.name })
    x, names, classes = read('a,b\n1," x "\n2, x \n3,x', { categories = "b" }) -- spaces count in quotes
    assert.same({ { { 1 }, { 2 }, { 3 } }, { "a" }, { " x ", "x" }, { 1, 2, 2 } }, { x, names, classes.b.names, classes.b.labels:totable() })
  end)

  it("refuses a missing value by line and column, or leaves the line out", function()
    for field, shown in pairs { [""] = "an empty field", [" "] = "an empty field", ['""'] = "an empty field", NA = '"NA"', ['"NA"'] = '"NA"', nan = '"nan"',
      NaN = '"NaN"', ["-nan"] = '"-nan"', ["N/A"] = '"N/A"', null = '"null"', NULL = '"NULL"', ["?"] = '"?"' } do
      local text = ("a,b\n1,2\n3,%s\n5,6\n"):format(field)
      refuses(text, nil, ('line 3, column 2 "b": expected a number, found %s%s'):format(shown, skip_advice))
      refuses(text, { missing = "refuse" }, ('line 3, column 2 "b": expected a number, found %s%s'):format(shown, skip_advice))
      local x, _, _, skipped = read(text, { missing = "skip" })
      assert.same({ { { 1, 2 }, { 5, 6 } }, { 3 } }, { x, skipped })
      assert.same({ { 1 }, { 3 }, { 5 } }, (read(text, { columns = "a" }))) -- the column is not chosen
    end
    refuses("a,b\n1,\nNA,2\n", { missing = "skip" }, "each line lacks a value")
    refuses("a,b\n1,x\n,y z\n", { missing = "skip" }, 'line 2, column 2 "b": expected a number, found "x"' .. text_advice)
    refuses("a,b\n,y z\n", { missing = "skip" }, 'line 2, column 2 "b": expected a number, found "y z"' .. text_advice) -- in a line that lacks another
  end)

  it("tells a class that is missing from one that is called NA", function()
    local text <const> = 'a,b\n1,x\n2,"NA"\n3,NA\n4,\n'
    refuses(text, { categories = "b" }, 'line 4, column 2 "b": expected the name of a class, found "NA"' .. skip_advice)
    local x, _, classes, skipped = read(text, { categories = "b", missing = "skip" })
    assert.same({ { { 1 }, { 2 } }, { "NA", "x" }, { 2, 1 }, { 4, 5 } }, { x, classes.b.names, classes.b.labels:totable(), skipped })
    x, _, classes, skipped = read(text, { categories = { b = { "x", "NA" } }, missing = "skip" })
    assert.same({ { { 1 }, { 2 }, { 3 } }, { 1, 2, 2 }, { 5 } }, { x, classes.b.labels:totable(), skipped })
  end)

  it("refuses what is no finite number", function()
    for _, text in ipairs { "inf", "-Inf", "+inf", "Infinity", "+infinity", "-infinity", "1e999", "-1e999", fm.real == "float" and "3.5e38" or "2e308" } do
      for _, missing in ipairs { "refuse", "skip" } do
        refuses("a\n1\n" .. text, { missing = missing }, ('line 3, column 1 "a": expected a finite number, found "%s"'):format(text))
      end
    end
    assert.same({ { fm.real == "float" and fm.tensor(3.4e38):item() or 1.7e308 } }, (read(fm.real == "float" and "3.4e38" or "1.7e308")))
    for _, text in ipairs { "0x10", "1.2.3", "1 2", "--1", "e5", "1,234" } do
      refuses(('a\n"%s"'):format(text), nil, ('line 2, column 1 "a": expected a number, found "%s"%s'):format(text, text_advice))
    end
  end)

  it("says what is wrong with a line, or with a choice", function()
    refuses("", nil, "no row of numbers")
    refuses("\n\r\n", { columns = "a" }, "no row of numbers")
    refuses("a,b\n", nil, "no row of numbers")
    refuses("a,b\n1\n", nil, "line 2: expected 2 fields, as in the first line, found 1")
    refuses("a,b\n1,2\n1,2,3\n", nil, "line 3: expected 2 fields, as in the first line, found 3")
    refuses("1,2\n\n3,4\n", nil, "line 2: expected 2 fields, as in the first line, found 1")
    refuses("1,b\n1,2\n", nil, 'line 1, column 2: expected a number, found "b"' .. text_advice)
    refuses('a\n"1\n', nil, "line 2: a quote stays open")
    refuses('a,b\n1,"2" 3\n', nil, 'line 2: expected a comma after the quote that closes, found " 3"')
    refuses(pets, { columns = "wieght" }, 'there is no column "wieght"; did you mean "weight"?')
    refuses(pets, { columns = "x y z" }, 'there is no column "x y z" (one of: name, weight, kind, age)')
    refuses(pets, { categories = 5 }, "there is no column 5, the first line has 4")
    refuses(pets, { columns = { "age", 4 } }, 'column 4, "age", is chosen twice')
    refuses(pets, { columns = { "age", "kind" }, categories = "kind" }, 'column 3, "kind", is chosen twice')
    refuses("a,a\n1,2", { columns = { "a" } }, 'columns 1 and 2 are both called "a": choose one by its number')
    refuses("a,b\n1,2", { categories = { "a", "b" } }, "no column of numbers is left")
    refuses(pets, { columns = "age", categories = { kind = { "cat", "dogs" } } },
      'line 3, column 3 "kind": expected one of cat, dogs, found "dog"; did you mean "dogs"?')
    local many = {}
    for i = 1, 10 do many[i] = "class " .. i end
    refuses(pets, { columns = "age", categories = { kind = many } },
      ('line 2, column 3 "kind": expected one of %s, found "cat"'):format(table.concat(many, ", ")))
    for i = 1, 11 do many[i] = "class " .. i end
    refuses(pets, { columns = "age", categories = { kind = many } }, 'line 2, column 3 "kind": expected one of 11 names, found "cat"')
    assert.same({ nil, path .. ".none: cannot read: No such file or directory" }, { csv(path .. ".none") })
  end)

  it("refuses two columns of one name where names must tell them apart", function()
    local by_numbers <const>, one <const> = ": choose columns by their numbers", ": choose one of them, classes are found by their column's name"
    refuses("a,b,a\n1,2,3", nil, 'columns 1 and 3 are both called "a"' .. by_numbers)
    refuses("a,b,b,a\n1,2,3,4", { categories = 1 }, 'columns 2 and 3 are both called "b"' .. by_numbers)
    refuses(",,a\n1,2,3", nil, 'columns 1 and 2 are both called ""' .. by_numbers)
    refuses("a,a,b\nx,y,3", { categories = { 1, 2 } }, 'columns 1 and 2 are both called "a"' .. one)
    refuses("a,a,b\nx,y,3", { categories = { [1] = { "x" }, [2] = { "y" } }, columns = 3 }, 'columns 1 and 2 are both called "a"' .. one)
    local x, names, classes = read("a,a\n1,2", { columns = { 2, 1 } })
    assert.same({ { { 2, 1 } }, { "a", "a" } }, { x, names })
    x, names, classes = read("a,a\nx,2", { categories = 1 }) -- one is of classes, one of numbers
    assert.same({ { { 2 } }, { "a" }, { "x" } }, { x, names, classes.a.names })
  end)

  it("says which separator it found where there is no comma", function()
    local function found(text, o, what, line)
      refuses(text, o, ("line 1: expected commas between the fields, found none and %s: %s"):format(what, line))
    end
    found("a;b\n1;2\n", nil, "semicolons", '"a;b"')
    found("a;b\n1;2\n", { columns = "b" }, "semicolons", '"a;b"')
    found("1;2\n3;4\n", nil, "semicolons", '"1;2"')
    found("a;b\n1,5;2,5\n", nil, "semicolons", '"a;b"') -- decimal commas
    found("a\tb\n1\t2\n", nil, "tabs", '"a\tb"')
    found("a|b\n", nil, "bars", '"a|b"')
    found(("x;"):rep(30) .. "\n1;2", nil, "semicolons", '"' .. ("x;"):rep(20) .. '..."')
    for _, text in ipairs { "a,b\r1,2\r3,4", "a,b\r1,2\r3,4\n", "a,b\n1,2\r3,4", "a\r1\r2" } do
      refuses(text, nil, "its lines end with carriage returns alone, expected line feeds")
    end
    found(("x"):rep(39) .. ";\n1;2", nil, "semicolons", '"' .. ("x"):rep(39) .. ';"')
    -- not where a comma is there, nor for what is no separator
    refuses("mass\nx;y\n", nil, 'line 2, column 1 "mass": expected a number, found "x;y"' .. text_advice)
    refuses("a,b;c\n1,x;y\n", nil, 'line 2, column 2 "b;c": expected a number, found "x;y"' .. text_advice)
    refuses("mass; kg\nx\n", nil, 'line 2, column 1 "mass; kg": expected a number, found "x"' .. text_advice)
    local x, names, classes = read "mass; kg\n1\n"
    assert.same({ { { 1 } }, { "mass; kg" } }, { x, names })
    x, names, classes = read("a;b,c\nx;y,2\n", { categories = 1 })
    assert.same({ { { 2 } }, { "x;y" } }, { x, classes["a;b"].names })
  end)

  it("refuses misuse", function()
    local raises <const> = checks.raises_text
    write(pets)
    raises("csv: path: expected a text, found nil", csv)
    raises("csv: path: expected a text, found a table", csv, {})
    raises("csv: expected a table of options, found number", csv, path, 1)
    raises("csv: unexpected argument 3, a table: it takes 2", csv, path, {}, {})
    for message, o in pairs {
      ['csv: unknown option "column"; did you mean "columns"?'] = { column = "age" },
      ['csv: missing: unknown name "drop" (one of: refuse, skip)'] = { missing = "drop" },
      ['csv: header: expected true or false, found "yes"'] = { header = "yes" },
      ["csv: columns: expected at least one column, found none"] = { columns = {} },
      ["csv: columns: expected the name or the number of a column, found true"] = { columns = true },
      ["csv: columns: entry 2: expected the name or the number of a column, found a table"] = { columns = { "age", {} } },
      ["csv: columns: entry 1: expected a whole number >= 1, found 0"] = { columns = { 0 } },
      ['csv: columns: expected a list, found the key "age"'] = { columns = { age = 1 } },
      ["csv: columns: entry 2 is missing, and there is an entry 3"] = { columns = { [1] = "age", [3] = "zzz" } },
      ["csv: columns: entry 1 is missing, and there is an entry 2"] = { columns = { [2] = "age" } },
      ["csv: columns: expected a list, found the key 0"] = { columns = { [0] = "age" } },
      ["csv: categories: entry 2 is missing, and there is an entry 3"] = { categories = { "kind", [3] = "name" } },
      ["csv: categories: kind: entry 2 is missing, and there is an entry 3"] = { categories = { kind = { "cat", nil, "dog" } } },
      ['csv: categories: kind: expected a list of names, found the key "x"'] = { categories = { kind = { "cat", x = "dog" } } },
      ["csv: categories: expected a whole number >= 1, found 1.5"] = { categories = 1.5 },
      ['csv: categories: kind: expected the names of its classes, found "cat"'] = { categories = { kind = "cat" } },
      ["csv: categories: kind: expected at least one name, found none"] = { categories = { kind = {} } },
      ["csv: categories: kind: entry 2: expected a name, found 7"] = { categories = { kind = { "cat", 7 } } },
      ["csv: categories: kind: entry 1: expected a name, found a table"] = { categories = { kind = { {}, "cat" } } },
      ['csv: categories: kind: entries 1 and 3 are both "cat"'] = { categories = { kind = { "cat", "dog", "cat" } } },
      ["csv: categories: entry 1: expected the name or the number of a column, found false"] = { categories = { false } },
    } do raises(message, csv, path, o) end
  end)

  it("reads the penguins of the project", function()
    local x, names, classes, skipped = csv("datasets/penguins.csv", { columns = { "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g" },
      categories = "species", missing = "skip" })
    assert.same({ { 342, 4 }, { 5, 273 }, { "Adelie", "Chinstrap", "Gentoo" } }, { x:shape(), skipped, classes.species.names })
    assert.equal("flipper_length_mm", names[3])
    for k, mean in ipairs { 43.92193, 17.15117, 200.9152, 4201.754 } do assert.near(mean, x:mean(1)[k], mean * 1e-6) end -- as published
    for class, count in ipairs { 151, 68, 123 } do assert.equal(count, classes.species.labels:eq(class):sum():item()) end
    local none, message = csv "datasets/penguins.csv"
    assert.is_nil(none)
    assert.equal('datasets/penguins.csv: csv: line 2, column 1 "species": expected a number, found "Adelie"' .. text_advice, message)
  end)
end)
