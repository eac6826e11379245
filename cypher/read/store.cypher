// The id of the store, which another database, or the same one made anew, never has.
// mode:    read
// returns: id
CALL db.info() YIELD id
RETURN id
