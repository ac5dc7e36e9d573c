-- Copies of an entry's templates at camera nodes: handed over with a list, gone when the node's signed receipt says so.

CREATE TABLE entry_copy (
  edge TEXT NOT NULL REFERENCES edge (id), entry TEXT NOT NULL REFERENCES entry (id), version BIGINT NOT NULL,
  handed_at BIGINT NOT NULL, late_at BIGINT, PRIMARY KEY (edge, entry));
CREATE INDEX entry_copy_entry ON entry_copy (entry);
CREATE INDEX entry_copy_late ON entry_copy (late_at) WHERE late_at IS NOT NULL;

-- One receipt a copy. What the node signed is kept, so that it can be checked again later: the text its request's
-- signature covers, the signature, and the body whose hash is in that text.
CREATE TABLE receipt_kept (
  edge TEXT NOT NULL REFERENCES edge (id), entry TEXT NOT NULL REFERENCES entry (id), version BIGINT NOT NULL,
  removed_at BIGINT NOT NULL, received_at BIGINT NOT NULL, signed_text TEXT, signature TEXT, body TEXT,
  PRIMARY KEY (edge, entry));
INSERT INTO receipt_kept (edge, entry, version, removed_at, received_at)
  SELECT edge, entry, MAX(version), removed_at, received_at FROM receipt GROUP BY edge, entry;
DROP TABLE receipt;
ALTER TABLE receipt_kept RENAME TO receipt;
CREATE INDEX receipt_entry ON receipt (entry);

-- What nodes hold already: every live entry their site searches, as far as they were heard of.
INSERT INTO entry_copy (edge, entry, version, handed_at)
  SELECT g.id, e.id, s.list_version, g.health_at
  FROM edge g JOIN site s ON s.id = g.site JOIN deployment d ON d.site = g.site JOIN entry e ON e.ended_at IS NULL
  WHERE g.health_at IS NOT NULL AND g.retired_at IS NULL
    AND e.list IN (SELECT value FROM json_each(json_extract(d.record, '$.lists')))
    AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL);
INSERT INTO entry_copy (edge, entry, version, handed_at)
  SELECT r.edge, r.entry, r.version, r.removed_at FROM receipt r WHERE true
  ON CONFLICT (edge, entry) DO NOTHING;
