// Waits until every index answers.
// mode:    schema
// params:  seconds (integer)
// returns:
CALL db.awaitIndexes($seconds)
