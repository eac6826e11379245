// Drops the constraint on the pointer; the last thing that forget does.
// mode:    schema
DROP CONSTRAINT graphrec_pointer IF EXISTS
