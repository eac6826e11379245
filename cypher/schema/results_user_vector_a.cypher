// Indexes the users' vectors of slot a.
// mode:    schema
// params:  options (map)
CREATE VECTOR INDEX graphrec_user_vector_a IF NOT EXISTS
FOR (u:`User`) ON (u.graphrec_user_vector_a)
OPTIONS $options
