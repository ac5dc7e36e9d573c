-- Periods count days of the checkpoint's own calendar, first and last inclusive. The instants stay as the outer
-- envelope over the zones of the country and of every site: from where the first day begins first to where the last
-- day ends last. Queries that do not know a place use it; whether an entry is in force somewhere is a matter of days.

ALTER TABLE entry ADD COLUMN first_day TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN last_day TEXT NOT NULL DEFAULT '';

-- Old instants were midnights of one of three zones (UTC+7 to +9). Read in the easternmost the first day is right for
-- each of them; the instant before the end read in the westernmost is in the last day.
UPDATE entry SET
  first_day = COALESCE(strftime('%Y-%m-%d', in_force_from / 1000 + 32400, 'unixepoch'), '0001-01-01'),
  last_day = COALESCE(strftime('%Y-%m-%d', (in_force_to - 1) / 1000 + 25200, 'unixepoch'), '9999-12-31');
UPDATE entry SET last_day = first_day WHERE last_day < first_day;
UPDATE entry SET
  in_force_from = 1000 * CAST(strftime('%s', first_day) AS INTEGER)
    - 60000 * (SELECT MAX(540, COALESCE(MAX(utc_offset_minutes), 540)) FROM site),
  in_force_to = 1000 * CAST(strftime('%s', last_day) AS INTEGER) + 86400000
    - 60000 * (SELECT MIN(420, COALESCE(MIN(utc_offset_minutes), 420)) FROM site);

-- A site's own midnight comes before the last one.
CREATE INDEX entry_last_day ON entry (ended_at, last_day);
-- Nodes get the instants of their own place: each entry is a change for every site that searches its list.
CREATE TEMP TABLE moved AS
  SELECT s.id AS site, s.list_version + ROW_NUMBER() OVER (PARTITION BY s.id ORDER BY e.id) AS version, e.id AS entry
  FROM site s JOIN deployment d ON d.site = s.id JOIN entry e ON e.ended_at IS NULL
  WHERE e.list IN (SELECT value FROM json_each(json_extract(d.record, '$.lists')))
    AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL);
INSERT INTO list_change (site, version, entry) SELECT site, version, entry FROM moved;
UPDATE site SET list_version = (SELECT MAX(version) FROM moved WHERE moved.site = site.id)
  WHERE id IN (SELECT site FROM moved);
DROP TABLE moved;
