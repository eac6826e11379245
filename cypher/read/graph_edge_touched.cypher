// Which nodes have edges of one type at a watermark or above it, and the highest one there is. A range index on the
// property spares looking at all edges.
// mode:    read
// params:  since (watermark)
// returns: sources, highest
MATCH (u:`User`)-[r:`INTERACTED`]->()
WHERE r.`watermark` >= $since
RETURN collect(DISTINCT u.`id`) AS sources, max(r.`watermark`) AS highest
