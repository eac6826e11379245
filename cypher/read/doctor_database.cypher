// Whether one database is online, and whether it can be written.
// mode:    read
// params:  name (text)
// returns: access, status
SHOW DATABASES YIELD name, access, currentStatus
WHERE name = $name
RETURN access, currentStatus AS status
