// What the last run changed in a user's list: relationships that it began or ended, to draw.
// mode:    read
// params:  user_id (key)
// returns: path

// An item whose rank or score changed has two relationships, the one before and the present one: click them.
// Bounds: what is drawn of a list, 10 relationships by default; nothing after a rollback or while a sync writes, since
// then one generation is kept.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (before:GraphRecRun)
WHERE before.number < p.number AND before.slot <> p.slot AND before.state = 'retired'
  AND NOT EXISTS { MATCH (later:GraphRecRun {slot: before.slot}) WHERE later.number > before.number }
MATCH path = (u:`User` {`id`: $user_id})-[r:`RECOMMENDED`]->(i:`Item`)
WHERE before.number < r.run <= p.number OR (before.number < r.until <= p.number AND r.run <= before.number)
RETURN path ORDER BY r.run DESC, r.rank;
