// What the server is, and what its clock says.
// mode:    read
// returns: version, edition, milliseconds
CALL dbms.components() YIELD name, versions, edition
WITH versions[0] AS version, edition WHERE name = 'Neo4j Kernel'
RETURN version, edition, timestamp() AS milliseconds
