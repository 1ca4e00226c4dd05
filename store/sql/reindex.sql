-- name: order
-- All incidents that have a story, in the order they were opened, with the team the index knew.
SELECT e.incident, e.number, coalesce(i.team, '') FROM entries AS e LEFT JOIN incidents AS i ON i.number = e.number
WHERE e.seq = 1 ORDER BY e.number;

-- name: forget
-- Drop the index.
DELETE FROM incidents;

-- name: story
-- The story of one incident.
SELECT incident, seq, key, kind, actor, at, body, digest FROM entries WHERE number = ? ORDER BY seq;

-- name: create
-- One incident, as its story says it stands.
INSERT INTO incidents (
    id, number, team, group_key, episode, opened_at, closed_at, resolved_at, last_status, last_starts_at, merged_into,
    length, head
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: alerts
-- Every alert belongs where its newest entry says; how often it was seen stays as it was.
INSERT INTO alerts (team, fingerprint, incident, last_status, last_starts_at, seen, last_seen)
SELECT
    i.team, json_extract(e.body, '$.alert.fingerprint'), e.incident, json_extract(e.body, '$.alert.status'),
    json_extract(e.body, '$.alert.starts_at'), 1, e.at
FROM entries AS e JOIN incidents AS i ON i.number = e.number
WHERE e.kind IN ('alert.normalized', 'alert.resolved')
    AND json_extract(e.body, '$.alert.status') IN ('firing', 'resolved')
    AND json_extract(e.body, '$.alert.fingerprint') <> ''
    AND json_extract(e.body, '$.alert.starts_at') <> ''
ORDER BY e.id
ON CONFLICT (team, fingerprint) DO UPDATE SET
    incident = excluded.incident, last_status = excluded.last_status, last_starts_at = excluded.last_starts_at;
