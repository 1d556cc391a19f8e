-- What a run records about its code: copies of its Lua files, and the git commit.
local lfs <const> = require "lfs"
local base <const> = require "cli.shell"
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, read <const>, write <const> = stopping.shell, stopping.call, stopping.read, stopping.write
local exists <const>, record <const>, experiment <const>, same <const> = stopping.exists, stopping.record, stopping.experiment, stopping.same

local has <const> = base.has

local function names(path)
  return base.names(stopping.path(path))
end

--- The only folder below runs/x that a pattern finds.
local function only(pattern)
  local list = base.names(stopping.path "runs/x", pattern)
  assert.equal(1, #list)
  return "runs/x/" .. list[1]
end

local helpful <const> = [[
  local late = require "lib.late"
  local kept = { n = 0 }
  run:keeps { kept = kept }
  for step in run:steps(p.steps) do
    kept.n = kept.n + late
    run:log { n = kept.n, luck = run.rng:number() }
    if step == p.at and not os.getenv "CALM" then kill(p.how) end
  end
  run:summary { n = kept.n }]]

--- x.lua, which requires helper.lua when it is read, and lib/late.lua while it runs.
local function write_script()
  shell "mkdir -p lib"
  write("helper.lua", "return 1")
  write("lib/late.lua", "return 2")
  experiment("x.lua", helpful, 'at = 0, how = "TERM", lr = 1.0,')
  write("x.lua", '#!/usr/bin/env fmrun\nrequire "helper"\n' .. read "x.lua")
end

describe("copies of the code", function()
  before_each(function()
    stopping.open()
    write_script()
  end)
  after_each(stopping.close)

  it("lie in the folder of a run, of the script and of what it required, also while it ran", function()
    assert.equal(0, (call "-q x.lua --folder r"))
    local files = {}
    for _, file in ipairs(record "r".code) do files[file.path] = file.hash end
    for path, stem in pairs { ["x.lua"] = "x", ["./helper.lua"] = "helper", ["./lib/late.lua"] = "late" } do
      assert.truthy(files[path], path)
      assert.equal(read(path), read(("r/code/%s-%s.lua"):format(stem, files[path])))
    end
    assert.equal(3, #names "r/code")
  end)

  it("are printed by show --code, each by its path or the end of it", function()
    assert.equal(0, (call "-q x.lua --folder r"))
    local script = read "x.lua"
    write("x.lua", "-- another")
    local code, out, err = call "show r --code"
    assert.same({ 0, script }, { code, out })
    has(err, "with it: fmrun show r --code ./helper.lua\n", "with it: fmrun show r --code ./lib/late.lua\n")
    for _, word in ipairs { "./lib/late.lua", "lib/late.lua", "late.lua" } do
      code, out, err = call("show r --code " .. word)
      assert.same({ 0, "return 2", "" }, { code, out, err })
    end
    code, out, err = call "show r --code ./helpr.lua"
    assert.same({ 3, "" }, { code, out })
    has(err, 'r has no file "./helpr.lua"; did you mean "./helper.lua"?')
    assert.equal(2, (call "show r --code --json"))
    assert.equal(2, (call "show r x.lua"))
    shell "rm r/code/x-*"
    code, out, err = call "show r --code"
    assert.same({ 1, "" }, { code, out })
    has(err, "r keeps no copy of x.lua")
    local late = "r/code/" .. base.names(stopping.path "r/code", "^late")[1]
    write(late, read(late) .. " ")
    code, out, err = call "show r --code late.lua"
    assert.same({ 1, "" }, { code, out })
    has(err, "is damaged: its digest is not that of its name")
  end)

  it("lie once in the folder of a sweep, for all of its runs", function()
    assert.equal(0, (call "-q -m x.lua lr=1,2,3"))
    local sweep = only "^sweep"
    assert.equal(3, #names(sweep .. "/code"))
    local runs = base.names(stopping.path(sweep), "^%x%x%x%x%x%x%x%x$")
    assert.equal(3, #runs)
    for _, name in ipairs(runs) do
      assert.is_false(exists(("%s/%s/code"):format(sweep, name)))
      local code, out = call(("show %s/%s --code"):format(sweep, name))
      assert.same({ 0, read "x.lua" }, { code, out })
    end
    assert.equal(0, (call("rm -f " .. sweep .. "/" .. runs[1])))
    assert.equal(3, #names(sweep .. "/code"))
    assert.equal(0, (call("rm -f " .. sweep)))
    assert.is_false(exists(sweep))
  end)

  it("go with their run, and nothing else does", function()
    assert.equal(0, (call "-q x.lua --folder r"))
    local code, _, err = call "rm -f r"
    assert.equal(0, code, err)
    assert.is_false(exists "r")
    assert.equal(0, (call "-q x.lua --folder r"))
    write("r/code/mine.lua", "return 1")
    write("r/code/mine-0123456789abcdef.lua", "return 1")
    shell "mkdir r/code/deep; cp x.lua r/code/deep; ln -s ../../x.lua r/code/link-0123456789abcdef.lua"
    code, _, err = call "rm -f r"
    assert.equal(0, code)
    has(err, "what it did not make stays:\n  code")
    assert.same({ "deep", "link-0123456789abcdef.lua", "mine-0123456789abcdef.lua", "mine.lua" }, names "r/code")
    shell "mkdir -p elsewhere; rm -rf r"
    assert.equal(0, (call "-q x.lua --folder r"))
    shell "mv r/code elsewhere/code; ln -s ../elsewhere/code r/code"
    call "rm -f r"
    assert.equal(3, #names "elsewhere/code")
  end)

  it("are not written through a link", function()
    shell "mkdir -p elsewhere r; ln -s ../elsewhere r/code; touch r/lock"
    assert.equal(75, (call "-q x.lua --folder s at=10"))
    shell "cp -r s t; rm -rf t/code; ln -s ../elsewhere t/code"
    local code, _, err = shell "CALM=1 $FMRUN -q x.lua --folder t at=10"
    assert.equal(1, code)
    has(err, "t/code: not a folder; copies of the Lua files go there")
    assert.same({}, names "elsewhere")
  end)

  it("leave no name for an output", function()
    experiment("y.lua", 'run:path "code/x.txt"')
    local code, _, err = call "-q y.lua --folder r"
    assert.equal(1, code)
    has(err, '"code/x.txt" is a file of the run itself')
  end)

  it("are not kept of a script from stdin, nor by a check", function()
    assert.equal(0, (shell "grep -v '^require' x.lua | sed 's/require \"lib.late\"/2/' | $FMRUN -q - --folder r"))
    assert.is_false(exists "r/code")
    assert.equal(0, (call "check x.lua"))
  end)

  describe("go on in place of the files", function()
    before_each(function() assert.equal(0, (shell "CALM=1 $FMRUN -q x.lua --folder calm at=20")) end)

    --- The run in folder `path` is what one that nobody disturbed is.
    local function is_whole(path)
      same("calm", path, { "metrics.jsonl", "checkpoint.safetensors" })
      assert.same({ "done", 40, { n = 80 } }, { record(path).status, record(path).steps, record(path).summary })
    end

    it("where a file has changed, which is refused with the command that does", function()
      assert.equal(75, (call "-q x.lua --folder r at=20"))
      for _, name in ipairs { "x.lua", "helper.lua", "lib/late.lua" } do
        local text = read(name)
        write(name, text .. "\nerror 'changed'")
        shell "rm -rf s; cp -r r s"
        local code, _, err = call "resume s"
        assert.equal(1, code)
        has(err, name .. ": was ", "fmrun resume --kept-code s calls the copies of these files in s/code instead")
        code, _, err = shell "CALM=1 $FMRUN resume --kept-code s"
        assert.equal(0, code, err)
        has(err, "s: its script is the copy that it keeps of x.lua\n")
        is_whole "s"
        write(name, text)
      end
    end)

    it("where they are gone, or the run began again", function()
      assert.equal(75, (call "-q x.lua --folder r at=20"))
      shell "mkdir gone; mv x.lua helper.lua lib gone; cp -r r s"
      local code, _, err = call "resume r"
      assert.equal(1, code)
      has(err, "fmrun resume --kept-code r calls")
      code, _, err = shell "CALM=1 $FMRUN -q resume --kept-code r"
      assert.equal(0, code, err)
      is_whole "r"
      code, _, err = shell "CALM=1 $FMRUN -q resume --kept-code --anew s"
      assert.equal(0, code, err)
      is_whole "s"
      assert.equal(3, #names "s/code")
      code, _, err = shell "CALM=1 $FMRUN -q resume --kept-code s"
      assert.equal(0, code, err) -- done
    end)

    it("where the run died, also those of files that only its checkpoint names", function()
      assert.equal(137, (call "-q x.lua --folder r at=20 how=KILL --checkpoint-every 10"))
      assert.equal(2, #record "r".code)
      write("lib/late.lua", "return 3")
      local code, _, err = call "resume r"
      assert.equal(1, code)
      has(err, "lib/late.lua: was ")
      code, _, err = shell "CALM=1 $FMRUN -q resume --kept-code r"
      assert.equal(0, code, err)
      same("calm", "r", { "metrics.jsonl", "checkpoint.safetensors" })
    end)

    it("in a sweep, also for its workers", function()
      call "-q -m x.lua lr=1:1 at=20 -j 1"
      local sweep = only "^sweep"
      write("x.lua", "error 'changed'")
      local code, _, err = call("resume " .. sweep)
      assert.equal(1, code)
      has(err, "x.lua: was ", "fmrun resume --kept-code " .. sweep .. " calls the copies")
      shell(("cp -r %s s"):format(sweep))
      code, _, err = shell("CALM=1 $FMRUN resume --kept-code " .. sweep)
      assert.equal(0, code, err)
      has(err, sweep .. ": its script is the copy that it keeps of x.lua")
      local run = base.names(stopping.path(sweep), "^%x%x%x%x%x%x%x%x$")[1]
      is_whole(sweep .. "/" .. run)
      assert.equal(1, (call "worker s"))
      code, _, err = shell "CALM=1 $FMRUN -q worker --kept-code s"
      assert.equal(0, code, err)
      is_whole("s/" .. run)
    end)

    it("unless one is damaged or missing", function()
      assert.equal(75, (call "-q x.lua --folder r at=20"))
      write("x.lua", "error 'changed'")
      shell "cp -r r s; for f in s/code/helper*; do echo >>$f; done; rm r/code/helper*"
      for path, problem in pairs { r = "r keeps no copy of ./helper.lua", s = "is damaged: its digest is not that of its name" } do
        local code, _, err = call("resume " .. path)
        assert.equal(1, code)
        assert.is_nil(err:find("kept-code", 1, true))
        code, _, err = call("resume --kept-code " .. path)
        assert.equal(1, code)
        has(err, problem)
      end
    end)
  end)

  it("of strangers are called by nobody who has not asked for them", function()
    write("evil.lua", "io.open('EXECUTED', 'w') return require 'fm'.experiment { run = function() end }")
    assert.equal(0, (call "-q evil.lua --folder r"))
    shell "rm EXECUTED; sed -i 's/\"done\"/\"killed\"/' r/run.json"
    for _, script in ipairs { "evil.lua", "other.lua", "x.lua", "s/code/" .. names "r/code"[1] } do
      shell(("rm -rf s; cp -r r s; sed -i 's|evil.lua|%s|g' s/run.json"):format(script))
      shell "mv evil.lua away.lua"
      for _, words in ipairs { "resume s", "resume --anew s", "show s", "log s", "ls", "diff s s", "compare s s", "report s", "show s --code" } do
        call(words)
        assert.is_false(exists "EXECUTED", script .. ": " .. words)
      end
      shell "mv away.lua evil.lua"
    end
  end)

  it("with paths and digests that lead elsewhere are not found", function()
    assert.equal(0, (call "-q x.lua --folder r"))
    write("secret.lua", "secret")
    local text = read "r/run.json"
    for _, hash in ipairs { "/../../secret", "../../secret", "" } do
      write("r/run.json", (text:gsub('("hash":")%x+(","path":"x.lua")', function(a, b) return a .. hash .. b end)))
      local code, out = call "show r --code"
      assert.same({ 1, "" }, { code, out })
    end
    shell "rm r/code/x-*; mkfifo r/code/x-$(sed 's/.*\"hash\":\"\\([0-9a-f]*\\)\",\"path\":\"x.lua\".*/\\1/' r/run.json).lua"
    write("r/run.json", text)
    assert.equal(1, (call "show r --code"))
  end)
end)

describe("the git commit", function()
  local git <const> = "git -c user.name=a -c user.email=b@c -c init.defaultBranch=main "

  before_each(function()
    stopping.open()
    shell(("mkdir repo; cd repo; %s init -q"):format(git))
    write("repo/x.lua", 'return require "fm".experiment { params = { n = 1 }, run = function() end }')
    shell(("cd repo; %s add . && %s commit -q -m one"):format(git, git))
  end)
  after_each(stopping.close)

  local function head(at)
    local _, out = shell(("cd %s; git rev-parse HEAD"):format(at or "repo"))
    return out:match "%x+"
  end

  --- The record of a new run of a script.
  local function made(script, more)
    shell "rm -rf r"
    local code, _, err = shell((more or "") .. " $FMRUN -q " .. script .. " --folder r")
    assert.equal(0, code, err)
    return record "r"
  end

  it("is in the record, with whether files have changed since", function()
    local found = made "repo/x.lua"
    assert.same({ head(), false }, { found.commit, found.dirty })
    local _, out = call "show r"
    has(out, head() .. "\n")
    shell "cd repo; mkdir runs; touch runs/x" -- not of the repository, and not of the run
    assert.is_false(made "repo/x.lua".dirty)
    write("repo/y.lua", read "repo/x.lua")
    assert.is_true(made "repo/y.lua".dirty)
    write("repo/x.lua", read "repo/x.lua" .. " ")
    found = made "repo/x.lua"
    assert.same({ head(), true }, { found.commit, found.dirty })
    _, out = call "show r"
    has(out, head() .. ", with changes\n")
    shell "cp -r r s; cd repo; git checkout -q x.lua"
    made "repo/x.lua"
    _, out = call "diff r s"
    has(out, "dirty")
    shell "rm -r s"
    write("repo/x.lua", read "repo/x.lua" .. " ")
    local from = shell "cd repo; $FMRUN -q x.lua --folder ../s"
    assert.same({ 0, head(), true }, { from, record "s".commit, record "s".dirty })
  end)

  it("is found where HEAD is detached, refs are packed, and in worktrees", function()
    shell(("cd repo; %s commit -q --allow-empty -m two; git checkout -q HEAD~1"):format(git))
    assert.equal(head(), made "repo/x.lua".commit)
    shell "cd repo; git checkout -q main; git pack-refs --all"
    assert.is_false(exists "repo/.git/refs/heads/main")
    assert.equal(head(), made "repo/x.lua".commit)
    shell(("cd repo; git worktree add -q ../tree -b feature/tree HEAD~1; cd ../tree; %s commit -q --allow-empty -m three"):format(git))
    local found = made "tree/x.lua"
    assert.same({ head "tree", false }, { found.commit, found.dirty })
    assert.not_equal(head(), head "tree")
    shell "cd repo; git pack-refs --all"
    assert.equal(head "tree", made "tree/x.lua".commit)
    shell "mkdir -p repo/deep/er; ln -s repo/deep way"
    write("repo/deep/er/z.lua", read "repo/x.lua")
    found = made "way/er/z.lua"
    assert.same({ head(), true }, { found.commit, found.dirty })
  end)

  it("is left out where there is none", function()
    write("x.lua", read "repo/x.lua")
    local found = made "x.lua"
    assert.same({}, { found.commit, found.dirty })
    shell(("mkdir new; cd new; %s init -q; cp ../x.lua ."):format(git))
    assert.is_nil(made "new/x.lua".commit)
    local _, out = call "show r"
    assert.is_nil(out:find("commit", 1, true))
  end)

  it("is known without git, which then tells of no change", function()
    local hash = head()
    local found = made("repo/x.lua", "PATH=/nowhere")
    assert.same({ hash }, { found.commit, found.dirty })
    local _, out = call "show r"
    has(out, hash .. ", changes not known\n")
  end)

  it("waits for git no longer than a moment", function()
    shell "mkdir bin; printf '#!/bin/sh\\nexec sleep 100\\n' >bin/git; chmod +x bin/git"
    local began = os.time()
    local hash, found = head(), made("repo/x.lua", 'PATH="$PWD/bin:$PATH"')
    assert.same({ hash }, { found.commit, found.dirty })
    assert.is_true(os.time() - began < 30)
  end)

  it("is looked for once in a sweep", function()
    shell 'mkdir bin; printf \'#!/bin/sh\\necho >>"%s"\\nexec "%s" "$@"\\n\' "$PWD/calls" "$(command -v git)" >bin/git; chmod +x bin/git'
    assert.equal(0, (shell 'PATH="$PWD/bin:$PATH" $FMRUN -q -m repo/x.lua n=1:4'))
    assert.equal("\n\n", read "calls") -- what has changed, what is not in it
    local sweep = "runs/x/" .. base.names(stopping.path "runs/x")[1]
    for _, name in ipairs(base.names(stopping.path(sweep), "^%x%x%x%x%x%x%x%x$")) do
      local found = record(sweep .. "/" .. name)
      assert.same({ head(), false }, { found.commit, found.dirty })
    end
  end)

  it("runs no program that the repository's config names", function()
    write("evil", "#!/bin/sh\ntouch " .. stopping.path "EXECUTED" .. "\n")
    shell("chmod +x evil; cd repo; git config core.fsmonitor ../evil; mkdir hooks; cp ../evil hooks/post-index-change; git config core.hooksPath hooks;"
      .. "git config core.pager ../evil; git config core.sshCommand ../evil; touch x.lua")
    assert.is_false(made "repo/x.lua".dirty)
    assert.is_false(exists "EXECUTED")
  end)

  it("is not asked for in a stranger's repository", function()
    shell "chown -R 12345 repo/.git"
    if lfs.attributes(stopping.path "repo/.git", "uid") ~= 12345 then return pending "only root can give files to another" end
    shell "mkdir bin; printf '#!/bin/sh\\ntouch \"%s\"\\n' \"$PWD/EXECUTED\" >bin/git; chmod +x bin/git"
    local found = made("repo/x.lua", 'PATH="$PWD/bin:$PATH"')
    assert.same({}, { found.commit, found.dirty })
    assert.is_false(exists "EXECUTED")
  end)

  it("is not read from files that are none of git's", function()
    local text = read "repo/.git/HEAD"
    local wrong <const> = { "ref: refs/../HEAD\n", "ref: ../HEAD\n", "ref: refs/heads/none\n", "0123\n", "", ("a"):rep(5000), "ref: refs/heads/ma in\n" }
    for _, head_text in ipairs(wrong) do
      write("repo/.git/HEAD", head_text)
      assert.is_nil(made "repo/x.lua".commit, head_text)
    end
    shell "rm repo/.git/HEAD; mkfifo repo/.git/HEAD"
    assert.is_nil(made "repo/x.lua".commit)
    shell "rm repo/.git/HEAD"
    write("repo/.git/HEAD", text)
    assert.truthy(made "repo/x.lua".commit)
    shell "mv repo/.git g"
    for _, link in ipairs { "gitdir: ../g\n", "gitdir: " .. stopping.path "g" .. "\n" } do
      write("repo/.git", link)
      assert.truthy(made "repo/x.lua".commit, link)
    end
    for _, link in ipairs { "gitdir: ../none\n", "gitdir:\n", "", "../g\n" } do
      write("repo/.git", link)
      assert.is_nil(made "repo/x.lua".commit, link)
    end
  end)
end)
