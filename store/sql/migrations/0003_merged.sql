-- Where an incident was merged into, '' for all others: alerts that come for its group later are looked for there.
ALTER TABLE incidents ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
CREATE INDEX incidents_merged_of_group ON incidents (team, group_key, number) WHERE merged_into <> '' AND group_key <> '';
