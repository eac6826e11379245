// Makes the one pointer unique, so that its lease can be locked and no second pointer can appear.
// mode:    schema
CREATE CONSTRAINT graphrec_pointer IF NOT EXISTS FOR (p:GraphRecPointer) REQUIRE p.name IS UNIQUE
