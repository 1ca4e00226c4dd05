-- Calls that were taken in and are still to be placed: what was promised to their alerts, as JSON; '' for all others.
ALTER TABLE raws ADD COLUMN admitted TEXT NOT NULL DEFAULT '';
CREATE INDEX raws_admitted ON raws (at) WHERE admitted <> '';
