-- npy(path) -> tensor, or nil and a message.
return require("fm").npy.load
