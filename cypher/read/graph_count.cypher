// How many nodes one type has, from the count store.
// mode:    read
// params:
// returns: nodes
MATCH (n:`User`) RETURN count(n) AS nodes
