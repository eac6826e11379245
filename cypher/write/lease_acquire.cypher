// Takes the lease if nobody holds it, or if its holder let it run out.
// The pointer is locked before the lease is read, so of two who ask one wins.
// mode:    write
// params:  lease (text), milliseconds (integer)
// returns: held, milliseconds_left
MERGE (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p, timestamp() AS now
WITH p, now, p.lease IS NULL OR p.lease = $lease OR coalesce(p.lease_until, 0) < now AS held
FOREACH (free IN CASE WHEN held THEN [p] ELSE [] END |
  SET free.lease = $lease, free.lease_until = now + $milliseconds)
RETURN held, p.lease_until - now AS milliseconds_left
