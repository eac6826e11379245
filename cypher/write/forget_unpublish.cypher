// Takes the current run from readers' sight, before it is taken apart.
// mode:    write
// params:  lease (text)
// returns: lease
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
REMOVE p.run, p.previous, p.uuid, p.slot
RETURN p.lease AS lease
