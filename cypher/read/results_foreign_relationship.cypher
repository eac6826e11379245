// Says whether a relationship of the published type is there that bears no run, or (any) any at all.
// mode:    read
// params:  any (boolean)
// returns: foreign
MATCH (u)-[r:`RECOMMENDED`]->(i)
WHERE $any OR r.run IS NULL
WITH r LIMIT 1
RETURN count(r) AS foreign
