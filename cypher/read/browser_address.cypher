// Whether the server serves Neo4j Browser over HTTP, and at which address.
// mode:    read
// returns: name, value
SHOW SETTINGS 'server.http.enabled', 'server.http.advertised_address' YIELD name, value;
