// Indexes the items' vectors of slot b.
// mode:    schema
// params:  options (map)
CREATE VECTOR INDEX graphrec_item_vector_b IF NOT EXISTS
FOR (i:`Item`) ON (i.graphrec_item_vector_b)
OPTIONS $options
