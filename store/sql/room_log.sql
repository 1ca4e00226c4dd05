-- name: under
-- The message under a key.
SELECT id, room, thread, key, author, body, at, revision FROM messages WHERE room = ? AND key = ?;

-- name: message
-- One message.
SELECT id, room, thread, key, author, body, at, revision FROM messages WHERE id = ?;

-- name: post
-- A new message, with the next revision.
INSERT INTO messages (room, thread, key, author, body, at, revision)
VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(revision), 0) + 1 FROM messages));

-- name: edit
-- A new body, with the next revision.
UPDATE messages SET body = ?, revision = (SELECT max(revision) + 1 FROM messages) WHERE id = ?;

-- name: room
-- What changed in a room since a revision.
SELECT id, room, thread, key, author, body, at, revision FROM messages WHERE room = ? AND revision > ? ORDER BY id;

-- name: firsts
-- What changed among the first messages of a room's threads.
SELECT id, room, thread, key, author, body, at, revision FROM messages
WHERE room = ? AND thread = 0 AND revision > ? ORDER BY id;

-- name: thread
-- What changed in one thread, its first message included.
SELECT id, room, thread, key, author, body, at, revision FROM messages WHERE room = ?1 AND id = ?2 AND revision > ?3
UNION ALL
SELECT id, room, thread, key, author, body, at, revision FROM messages WHERE room = ?1 AND thread = ?2 AND revision > ?3
ORDER BY id;

-- name: threads
-- The newest threads of a room, by their first messages.
SELECT id, room, thread, key, author, body, at, revision FROM messages
WHERE room = ? AND thread = 0 ORDER BY id DESC LIMIT ?;
