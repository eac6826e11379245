// Waits until one index is online; fails if its build failed or takes longer.
// mode:    read
// params:  name (text), seconds (integer)
CALL db.awaitIndex($name, $seconds)
