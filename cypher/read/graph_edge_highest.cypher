// The highest watermark of the edges of one type; null where none has one.
// mode:    read
// returns: highest
OPTIONAL MATCH ()-[r:`INTERACTED`]->()
WHERE r.`watermark` IS NOT NULL
RETURN r.`watermark` AS highest
ORDER BY highest DESC
LIMIT 1
