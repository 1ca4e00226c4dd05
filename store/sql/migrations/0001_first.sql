-- What is kept, as of the first release. Times are UTC text of fixed width, so that they sort as instants do.

-- The index of incidents: everything in it can be rebuilt from `entries` (see `reindex`). `number` counts incidents in
-- the order they were opened; `length` and `head` are the seq and digest of the newest entry.
CREATE TABLE incidents (
    id TEXT NOT NULL UNIQUE,
    number INTEGER PRIMARY KEY,
    team TEXT NOT NULL,
    group_key TEXT NOT NULL DEFAULT '',
    episode INTEGER NOT NULL DEFAULT 1,
    opened_at TEXT,
    closed_at TEXT,
    resolved_at TEXT,
    last_status TEXT NOT NULL DEFAULT '',
    last_starts_at TEXT NOT NULL DEFAULT '',
    length INTEGER NOT NULL DEFAULT 0,
    head TEXT NOT NULL DEFAULT ''
);
CREATE INDEX incidents_of_team ON incidents (team, number);
CREATE INDEX incidents_living ON incidents (number) WHERE closed_at IS NULL;
CREATE INDEX incidents_living_of_group ON incidents (team, group_key, number) WHERE closed_at IS NULL AND group_key <> '';

-- The story itself. Nothing ever updates or deletes a row; `id` gives the order of writing across incidents. `number`
-- is the incident's: found by it, what is at work stands together at the end of each index, and a commit that serves
-- many young incidents touches few pages (a random id would touch one per incident and index).
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL REFERENCES incidents (number) DEFERRABLE INITIALLY DEFERRED,
    incident TEXT NOT NULL,
    seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    at TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    UNIQUE (number, seq),
    UNIQUE (number, key)
);

-- The newest entry of each incident is remembered apart, so that an audit notices a story whose end was cut off.
CREATE TRIGGER entries_head AFTER INSERT ON entries BEGIN
    UPDATE incidents SET length = new.seq, head = new.digest WHERE number = new.number;
END;

-- Which incident an alert belongs to: rebuilt by `reindex` too, all but how often and when it was last seen.
CREATE TABLE alerts (
    team TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    incident TEXT NOT NULL,
    last_status TEXT NOT NULL,
    last_starts_at TEXT NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0,
    last_seen TEXT,
    PRIMARY KEY (team, fingerprint)
) WITHOUT ROWID;

-- Receiver calls as they came.
CREATE TABLE raws (
    ref TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX raws_by_age ON raws (at);

-- When each heartbeat alert was last seen.
CREATE TABLE beats (
    team TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (team, name)
) WITHOUT ROWID;

-- What teams keep.
CREATE TABLE lessons (
    team TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    service TEXT NOT NULL,
    alert TEXT NOT NULL,
    category TEXT NOT NULL,
    at TEXT NOT NULL,
    lesson TEXT NOT NULL,
    PRIMARY KEY (team, id)
);
CREATE INDEX lessons_newest ON lessons (team, at DESC, id DESC);
CREATE INDEX lessons_of_alert ON lessons (team, alert, service);
CREATE INDEX lessons_of_category ON lessons (team, category, service);

-- What is to be shown in which room, and what is shown.
CREATE TABLE posts (
    number INTEGER PRIMARY KEY,
    room TEXT NOT NULL,
    incident TEXT NOT NULL,
    slot TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    wanted INTEGER NOT NULL DEFAULT 1,
    sent INTEGER NOT NULL DEFAULT 0,
    shown TEXT NOT NULL DEFAULT '',
    UNIQUE (incident, room, slot)
);
CREATE INDEX posts_due ON posts (room, number) WHERE wanted > sent;
CREATE INDEX posts_of_message ON posts (room, message) WHERE message <> '';

-- The browser room. `thread` is the id of the thread's first message, 0 for such a message itself.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL,
    thread INTEGER NOT NULL,
    key TEXT NOT NULL,
    author TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    revision INTEGER NOT NULL UNIQUE,
    UNIQUE (room, key)
);
CREATE INDEX messages_changed ON messages (room, revision);
CREATE INDEX messages_of_thread ON messages (room, thread, id);

-- What came in already.
CREATE TABLE seen (
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (scope, id)
) WITHOUT ROWID;
CREATE INDEX seen_when ON seen (at);

-- Who is signed in; tokens stand here as digests alone.
CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    one_time INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_expiring ON sessions (expires_at);
