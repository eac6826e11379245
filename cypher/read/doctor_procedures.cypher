// Whether the server has the procedure that stores vectors.
// mode:    read
// returns: name
SHOW PROCEDURES YIELD name WHERE name = 'db.create.setNodeVectorProperty'
