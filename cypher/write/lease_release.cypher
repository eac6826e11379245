// Gives the lease back.
// mode:    write
// params:  lease (text)
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
REMOVE p.lease, p.lease_until
