// Writes edges of one type between nodes that are there, grouped by source: targets starts[g] to starts[g + 1] belong to sources[g].
// The empty SET locks the source, so that two writers, or a batch that is sent again, never make an edge twice.
// A source without such edges gets them by CREATE, the faster way; any other by MERGE.
// A value that is there already is not set again, so that the counters tell what has changed; null leaves what is there.
// mode:    write
// params:  sources (list), starts (list), targets (list), names (list), columns (list)
// returns: written
UNWIND range(0, size($sources) - 1) AS g
MATCH (u:`User` {`id`: $sources[g]})
SET u += {}
WITH u, g, EXISTS { (u)-[:`INTERACTED`]->() } AS known
UNWIND range($starts[g], $starts[g + 1] - 1) AS row
MATCH (i:`Item` {`id`: $targets[row]})
FOREACH (ignored IN CASE WHEN known THEN [] ELSE [1] END |
  CREATE (u)-[r:`INTERACTED`]->(i)
  FOREACH (column IN range(0, size($names) - 1) | SET r[$names[column]] = $columns[column][row])
)
FOREACH (ignored IN CASE WHEN known THEN [1] ELSE [] END |
  MERGE (u)-[r:`INTERACTED`]->(i)
  FOREACH (
    column IN [
      c IN range(0, size($names) - 1)
      WHERE NOT coalesce(r[$names[c]] = $columns[c][row], $columns[c][row] IS NULL)
    ] |
    SET r[$names[column]] = $columns[column][row]
  )
)
RETURN count(*) AS written
