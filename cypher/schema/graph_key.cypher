// Makes the business key of one node type unique, which also indexes it.
// mode:    schema
// params:  name (text)
// returns:
CREATE CONSTRAINT $name IF NOT EXISTS FOR (n:`User`) REQUIRE n.`id` IS UNIQUE
