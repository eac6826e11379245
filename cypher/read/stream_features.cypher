// Properties of the nodes of one type with the given keys; a key that is not there has no place in the answer.
// mode:    read
// params:  keys (list), names (list)
// returns: places, values
UNWIND range(0, size($keys) - 1) AS place
MATCH (n:`User` {`id`: $keys[place]})
RETURN collect(place) AS places, collect([name IN $names | n[name]]) AS values
