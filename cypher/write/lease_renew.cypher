// Prolongs the lease; gives no row where it went to somebody else.
// mode:    write
// params:  lease (text), milliseconds (integer)
// returns: lease_until
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
SET p.lease_until = timestamp() + $milliseconds
RETURN p.lease_until AS lease_until
