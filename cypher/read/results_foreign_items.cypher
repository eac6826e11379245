// Says whether a item has one of the properties that we are going to write.
// mode:    read
// params:  names (list)
// returns: foreign
MATCH (i:`Item`)
WHERE any(name IN $names WHERE i[name] IS NOT NULL)
WITH i LIMIT 1
RETURN count(i) AS foreign
