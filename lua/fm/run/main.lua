return function(argv)
  if argv[1] == "-e" then load(argv[2], "=(command line)")() end
  return 0
end
