// Which nodes have edges of one type at a watermark or above it, and the highest one there is. The edges come first, so
// that a range index on the property spares looking at all of them.
// mode:    read
// params:  since (watermark)
// returns: sources, highest
MATCH ()-[r:`INTERACTED`]->()
WHERE r.`watermark` >= $since
WITH r, r.`watermark` AS mark
MATCH (u:`User`)-[r]->()
RETURN collect(DISTINCT u.`id`) AS sources, max(mark) AS highest
