// Which nodes have an edge of one type to one of these.
// mode:    read
// params:  targets (list of keys)
// returns: sources
UNWIND $targets AS target
MATCH (u:`User`)-[:`INTERACTED`]->(i:`Item` {`id`: target})
RETURN collect(DISTINCT u.`id`) AS sources
