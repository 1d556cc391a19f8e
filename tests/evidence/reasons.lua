-- reasons: why a thing, or a room, has no evidence of a kind. A reason that is not needed fails the
-- spec.
return {
  golden = {},
  gradient = {},
  closed = {},
}
