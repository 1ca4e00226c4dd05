-- name: read
-- The entries of one incident after a seq, in order.
SELECT incident, seq, key, kind, actor, at, body, digest FROM entries
WHERE number = (SELECT number FROM incidents WHERE id = ?) AND seq > ? ORDER BY seq;

-- name: find
-- The entry under a key.
SELECT incident, seq, key, kind, actor, at, body, digest FROM entries
WHERE number = (SELECT number FROM incidents WHERE id = ?) AND key = ?;

-- name: stories
-- Number, team and all entries of these incidents (a JSON array of ids); those without entries give one row of NULLs.
SELECT i.id, i.number, i.team, e.seq, e.key, e.kind, e.actor, e.at, e.body, e.digest
FROM json_each(?) AS wanted
CROSS JOIN incidents AS i ON i.id = wanted.value
LEFT JOIN entries AS e ON e.number = i.number
ORDER BY wanted.key, e.seq;

-- name: append
-- One more line of a story.
INSERT INTO entries (number, incident, seq, key, kind, actor, at, body, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: head
-- Seq and digest of an incident's newest entry.
SELECT length, head FROM incidents WHERE id = ?;
