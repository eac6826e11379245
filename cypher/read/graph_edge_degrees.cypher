// How many relationships of one type leave each of the nodes between two keys, whatever they lead to: a look at their
// counters, without the relationships.
// mode:    read
// params:  first (key), last (key)
// returns: sources, degrees
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last
RETURN collect(u.`id`) AS sources, collect(COUNT { (u)-[:`INTERACTED`]->() }) AS degrees
