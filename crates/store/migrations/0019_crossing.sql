-- The ledger of crossings. Append-only: a correction is a new row that names the row it stands for; the current row of
-- a chain is the one nobody corrects. As of an instant: rows recorded by then, less those corrected by then.

CREATE TABLE crossing (
  id TEXT PRIMARY KEY, seq BIGINT NOT NULL UNIQUE,
  site TEXT NOT NULL REFERENCES site (id), lane TEXT, desk TEXT,
  direction TEXT NOT NULL CHECK (direction IN ('arrival', 'departure')),
  at BIGINT NOT NULL, day TEXT NOT NULL,
  holder TEXT, document_mark BLOB, identity_sealed BLOB NOT NULL,
  citizen BIGINT NOT NULL, nationality TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('entered', 'departed', 'refused_entry', 'deferred_departure', 'handed_over', 'void')),
  ground TEXT, detection TEXT NOT NULL, order_id TEXT, alert TEXT, case_id TEXT, permit TEXT, stay_until TEXT, charge BIGINT, receipt TEXT,
  officer TEXT NOT NULL, authoriser TEXT, recorded_at BIGINT NOT NULL, content_hash BLOB NOT NULL,
  corrects TEXT UNIQUE REFERENCES crossing (id), correction_reason TEXT,
  -- The floor once more, for whatever did not come through the domain.
  CHECK (NOT (citizen = 1 AND outcome = 'refused_entry')),
  CHECK ((corrects IS NULL) = (correction_reason IS NULL)),
  CHECK (outcome <> 'void' OR corrects IS NOT NULL));
CREATE INDEX crossing_day ON crossing (day, outcome);
CREATE INDEX crossing_site ON crossing (site, day, outcome);
CREATE INDEX crossing_holder ON crossing (holder, at) WHERE holder IS NOT NULL;
CREATE INDEX crossing_document ON crossing (document_mark, at) WHERE document_mark IS NOT NULL;
CREATE INDEX crossing_permit ON crossing (permit) WHERE permit IS NOT NULL;
CREATE INDEX crossing_alert ON crossing (alert) WHERE alert IS NOT NULL;
CREATE TRIGGER crossing_no_update BEFORE UPDATE ON crossing BEGIN SELECT RAISE(ABORT, 'the ledger is never changed; record a correction'); END;
CREATE TRIGGER crossing_no_delete BEFORE DELETE ON crossing BEGIN SELECT RAISE(ABORT, 'nothing leaves the ledger'); END;

-- More time in the country, given to the stay that began with this entry.
CREATE TABLE stay_extension (
  entry TEXT NOT NULL REFERENCES crossing (id), n BIGINT NOT NULL, until TEXT NOT NULL, permit TEXT, reference TEXT NOT NULL,
  officer TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (entry, n));
CREATE TRIGGER stay_extension_no_update BEFORE UPDATE ON stay_extension BEGIN SELECT RAISE(ABORT, 'extensions are never changed'); END;
CREATE TRIGGER stay_extension_no_delete BEFORE DELETE ON stay_extension BEGIN SELECT RAISE(ABORT, 'extensions are never removed'); END;
