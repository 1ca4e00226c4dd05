-- name: keep
-- Keep a lesson, or replace the one with its id.
INSERT INTO lessons (team, id, kind, service, alert, category, at, lesson) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (team, id) DO UPDATE SET
    kind = excluded.kind, service = excluded.service, alert = excluded.alert, category = excluded.category,
    at = excluded.at, lesson = excluded.lesson;

-- name: drop
-- Forget a lesson.
DELETE FROM lessons WHERE team = ? AND id = ?;

-- name: recall
-- The newest lessons of a team about this service (or none) with this alert or category; "" asks for nothing. Habits all
-- come, before the rest and beside the limit: they tighten what may be done, and newer lessons must not push them out.
SELECT lesson FROM (
    SELECT at, id, kind, lesson, row_number() OVER (PARTITION BY kind = 'habit' ORDER BY at DESC, id DESC) AS place
    FROM (
        SELECT at, id, kind, lesson FROM lessons
        WHERE team = ?1 AND alert = ?3 AND ?3 <> '' AND service IN ('', ?2)
        UNION
        SELECT at, id, kind, lesson FROM lessons
        WHERE team = ?1 AND category = ?4 AND ?4 <> '' AND service IN ('', ?2)
    )
) WHERE kind = 'habit' OR place <= ?5 ORDER BY kind <> 'habit', at DESC, id DESC;

-- name: kept
-- All lessons of a team, or those of one kind, newest first.
SELECT lesson FROM lessons WHERE team = ?1 AND (?2 = '' OR kind = ?2) ORDER BY at DESC, id DESC;
