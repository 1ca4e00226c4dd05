-- name: first
-- Remember what came in; changes no row where it is known.
INSERT INTO seen (scope, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: prune
-- Forget what came in long ago.
DELETE FROM seen WHERE at < ?;

-- name: issue
-- Let a token stand for an account.
INSERT INTO sessions (token, account, expires_at, one_time) VALUES (?, ?, ?, ?)
ON CONFLICT (token) DO UPDATE SET
    account = excluded.account, expires_at = excluded.expires_at, one_time = excluded.one_time;

-- name: expire
-- Forget tokens that have expired.
DELETE FROM sessions WHERE expires_at <= ?;

-- name: find
-- The account of a token, and whether it may be used once only.
SELECT account, one_time FROM sessions WHERE token = ? AND expires_at > ?;

-- name: revoke
-- Forget a token.
DELETE FROM sessions WHERE token = ?;
