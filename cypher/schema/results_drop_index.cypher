// Drops one vector index of ours.
// mode:    schema
// params:  name (text)
DROP INDEX $name IF EXISTS
