// Says whether the pointer is unique.
// mode:    read
// returns: constraints
SHOW CONSTRAINTS YIELD name WHERE name = 'graphrec_pointer' RETURN count(*) AS constraints
