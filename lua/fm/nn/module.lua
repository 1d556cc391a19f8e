-- module(parts, forward): a layer from its parts and its forward(self, ...); other fields may be
-- set on the result.
return require("fm.nn.parts.module").new
