// The vector indexes of ours, and what they index.
// mode:    read
// returns: name, state, labels, properties, options
SHOW INDEXES YIELD name, state, labelsOrTypes, properties, options
WHERE name STARTS WITH 'graphrec_user_vector_' OR name STARTS WITH 'graphrec_item_vector_'
RETURN name, state, labelsOrTypes AS labels, properties, options
