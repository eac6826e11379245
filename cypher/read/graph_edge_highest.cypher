// The highest watermark of the edges of one type; null where none has one. Ordering them would hold all in memory where
// no index is there.
// mode:    read
// returns: highest
MATCH ()-[r:`INTERACTED`]->()
WHERE r.`watermark` IS NOT NULL
RETURN max(r.`watermark`) AS highest
