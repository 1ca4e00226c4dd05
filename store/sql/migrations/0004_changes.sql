-- What was changed, as CI systems and people post it: by team and id, the newest post of an id stands.
CREATE TABLE changes (
    team TEXT NOT NULL,
    id TEXT NOT NULL,
    service TEXT NOT NULL,
    at TEXT NOT NULL,
    change TEXT NOT NULL,
    PRIMARY KEY (team, id)
);
CREATE INDEX changes_of_service ON changes (team, service, at);
CREATE INDEX changes_by_age ON changes (at);
