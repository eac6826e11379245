// Says whether a user has one of the properties that we are going to write.
// mode:    read
// params:  names (list)
// returns: foreign
MATCH (u:`User`)
WHERE any(name IN $names WHERE u[name] IS NOT NULL)
WITH u LIMIT 1
RETURN count(u) AS foreign
