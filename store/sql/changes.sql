-- name: note
-- Keep a change, or replace the one with its id.
INSERT INTO changes (team, id, service, at, change) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (team, id) DO UPDATE SET service = excluded.service, at = excluded.at, change = excluded.change;

-- name: bound
-- Drop all but the newest changes of a team.
DELETE FROM changes WHERE team = ?1 AND id IN (
    SELECT id FROM changes WHERE team = ?1 ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?2
);

-- name: noted
-- The newest changes of a service in a time.
SELECT change FROM changes WHERE team = ? AND service = ? AND at BETWEEN ? AND ? ORDER BY at DESC, id DESC LIMIT ?;

-- name: knows
-- Whether any change of a service is kept.
SELECT 1 FROM changes WHERE team = ? AND service = ? LIMIT 1;

-- name: teams
-- The teams any change is kept of.
SELECT DISTINCT team FROM changes;

-- name: forget
-- Drop what was changed long ago.
DELETE FROM changes WHERE at < ?;
