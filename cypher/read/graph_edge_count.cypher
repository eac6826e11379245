// How many relationships of one type there are, whatever they join.
// mode:    read
// returns: edges
MATCH ()-[r:`INTERACTED`]->()
RETURN count(r) AS edges
