-- name: want
-- One more asking for a part of a thread.
INSERT INTO posts (room, incident, slot) VALUES (?, ?, ?)
ON CONFLICT (incident, room, slot) DO UPDATE SET wanted = wanted + 1;

-- name: due
-- What a room was asked to show and does not show yet, in the order of first asking.
SELECT room, incident, slot, message, wanted, sent, shown FROM posts WHERE room = ? AND wanted > sent ORDER BY number;

-- name: rooms_due
-- The rooms in which something is due.
SELECT DISTINCT room FROM posts WHERE wanted > sent ORDER BY room;

-- name: sent
-- A post is shown as of the asking it answers.
UPDATE posts SET message = ?, shown = ?, sent = max(sent, ?) WHERE incident = ? AND room = ? AND slot = ?;

-- name: of
-- All posts of an incident, in the order of first asking.
SELECT room, incident, slot, message, wanted, sent, shown FROM posts WHERE incident = ? ORDER BY number;

-- name: by_message
-- The post that is shown as this message.
SELECT room, incident, slot, message, wanted, sent, shown FROM posts
WHERE room = ? AND message = ? AND message <> '' ORDER BY number LIMIT 1;
