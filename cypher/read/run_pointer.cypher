// What the pointer says: current and previous run, whether anything was ever written, who is at work, and up to which
// run all that no kept run can show was removed.
// mode:    read
// returns: run, previous, next_run, hours, syncing, tidied
MATCH (p:GraphRecPointer {name: 'current'})
OPTIONAL MATCH (r:GraphRecRun {number: p.run})
RETURN p.run AS run, p.previous AS previous, p.next_run AS next_run,
       (timestamp() - r.published_at.epochMillis) / 3600000.0 AS hours,
       coalesce(p.lease_until > timestamp(), false) AS syncing,
       coalesce(p.tidied, 0) AS tidied
