-- name: lookup
-- For sightings (a JSON array of [team, fingerprint, group key]): the alert itself, and the newest open incidents of its
-- group, or where those went that were merged; eight, because others of the same commit may close the first ones.
SELECT 'alert' AS what, wanted.key AS sighting, a.incident, a.last_status, a.last_starts_at
FROM json_each(?1) AS wanted
CROSS JOIN alerts AS a
    ON a.team = json_extract(wanted.value, '$[0]') AND a.fingerprint = json_extract(wanted.value, '$[1]')
UNION ALL
SELECT 'group', wanted.key, i.id, '', ''
FROM json_each(?1) AS wanted
CROSS JOIN incidents AS i
    ON i.number IN (
        SELECT number FROM incidents
        WHERE team = json_extract(wanted.value, '$[0]') AND group_key = json_extract(wanted.value, '$[2]')
            AND closed_at IS NULL AND group_key <> ''
        ORDER BY number DESC LIMIT 8
    )
UNION ALL
SELECT 'group', wanted.key, merged.value, '', ''
FROM json_each(?1) AS wanted
CROSS JOIN incidents AS i
    ON i.number IN (
        SELECT number FROM incidents
        WHERE team = json_extract(wanted.value, '$[0]') AND group_key = json_extract(wanted.value, '$[2]')
            AND merged_into <> '' AND group_key <> ''
        ORDER BY number DESC LIMIT 8
    )
CROSS JOIN json_each(json_array(i.id, i.merged_into)) AS merged;

-- name: create
-- A new incident; a taken id refuses it, and with it the commit.
INSERT INTO incidents (
    id, number, team, group_key, episode, opened_at, closed_at, resolved_at, last_status, last_starts_at, merged_into
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: taken
-- Which of these ids (a JSON array) incidents have.
SELECT id FROM incidents WHERE id IN (SELECT value FROM json_each(?));

-- name: stand
-- How an incident stands after new entries.
UPDATE incidents
SET team = ?, group_key = ?, episode = ?, opened_at = ?, closed_at = ?, resolved_at = ?, last_status = ?,
    last_starts_at = ?, merged_into = ?
WHERE id = ?;

-- name: alert
-- Where an alert belongs now, and that it was seen so many times more.
INSERT INTO alerts (team, fingerprint, incident, last_status, last_starts_at, seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (team, fingerprint) DO UPDATE SET
    incident = excluded.incident, last_status = excluded.last_status, last_starts_at = excluded.last_starts_at,
    seen = seen + excluded.seen, last_seen = coalesce(excluded.last_seen, last_seen);

-- name: sightings
-- How often and when last an alert was seen.
SELECT seen, last_seen FROM alerts WHERE team = ? AND fingerprint = ? AND seen > 0;

-- name: last_number
-- The number of the newest incident.
SELECT coalesce(max(number), 0) FROM incidents;

-- name: team_of
-- The team of an incident.
SELECT team FROM incidents WHERE id = ?;

-- name: living
-- Incidents whose story has not ended, oldest first.
SELECT id FROM incidents WHERE closed_at IS NULL ORDER BY number;

-- name: newest
-- The newest incidents of all teams.
SELECT id FROM incidents ORDER BY number DESC LIMIT ?;

-- name: newest_of_team
-- The newest incidents of one team.
SELECT id FROM incidents WHERE team = ? ORDER BY number DESC LIMIT ?;

-- name: keep_raw
-- A receiver call; told again, only a reason is added.
INSERT INTO raws (ref, source, reason, at, body, admitted) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (ref) DO UPDATE SET reason = excluded.reason WHERE excluded.reason <> '';

-- name: forget_raw
-- Receiver calls that were kept long enough.
DELETE FROM raws WHERE at < ? AND admitted = '';

-- name: admitted
-- Receiver calls that are still to be placed.
SELECT ref, source, reason, at, body, admitted FROM raws WHERE admitted <> '' ORDER BY at, rowid LIMIT ?;

-- name: settle
-- A receiver call is placed.
UPDATE raws SET admitted = '' WHERE ref = ?;

-- name: raw
-- A receiver call as it came.
SELECT ref, source, reason, at, body FROM raws WHERE ref = ?;

-- name: beat
-- A heartbeat was seen; an older one changes nothing.
INSERT INTO beats (team, name, at) VALUES (?, ?, ?)
ON CONFLICT (team, name) DO UPDATE SET at = max(at, excluded.at);

-- name: beats
-- All heartbeats.
SELECT team, name, at FROM beats;
