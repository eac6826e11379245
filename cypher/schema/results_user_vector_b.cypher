// Indexes the users' vectors of slot b.
// mode:    schema
// params:  options (map)
CREATE VECTOR INDEX graphrec_user_vector_b IF NOT EXISTS
FOR (u:`User`) ON (u.graphrec_user_vector_b)
OPTIONS $options
