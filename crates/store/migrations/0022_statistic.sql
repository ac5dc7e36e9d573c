-- Figures are read from the ledger each time: everything a figure counts or splits by lies in this index, in the order it
-- is grouped, so that a month or a year is one walk through it.
CREATE INDEX crossing_statistic ON crossing (
  day, site, direction, outcome, ground, detection, citizen, nationality, recorded_at, seq, id);

-- The report of a month as it was made, with how far the ledger was read. Never changed: later corrections show in a
-- figure of today, not in what was published.
CREATE TABLE statistic_report (
  month TEXT PRIMARY KEY, as_of BIGINT NOT NULL, seq BIGINT NOT NULL, definitions BIGINT NOT NULL,
  content TEXT NOT NULL, hash BLOB NOT NULL, made_at BIGINT NOT NULL);
CREATE TRIGGER statistic_report_no_update BEFORE UPDATE ON statistic_report BEGIN SELECT RAISE(ABORT, 'a report is never changed'); END;
CREATE TRIGGER statistic_report_no_delete BEFORE DELETE ON statistic_report BEGIN SELECT RAISE(ABORT, 'a report is never removed'); END;
