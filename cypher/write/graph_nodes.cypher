// Writes nodes of one type by their keys, with their other properties as one column a name.
// A value that is there already is not set again, so that the counters tell what has changed; null leaves what is there.
// mode:    write
// params:  keys (list), names (list), columns (list)
// returns: written
UNWIND range(0, size($keys) - 1) AS row
MERGE (n:`User` {`id`: $keys[row]})
FOREACH (
  column IN [
    c IN range(0, size($names) - 1)
    WHERE NOT coalesce(n[$names[c]] = $columns[c][row], $columns[c][row] IS NULL)
  ] |
  SET n[$names[column]] = $columns[column][row]
)
RETURN count(*) AS written
