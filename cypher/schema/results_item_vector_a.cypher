// Indexes the items' vectors of slot a.
// mode:    schema
// params:  options (map)
CREATE VECTOR INDEX graphrec_item_vector_a IF NOT EXISTS
FOR (i:`Item`) ON (i.graphrec_item_vector_a)
OPTIONS $options
