-- Cases of second line. What was said is sealed in the steps; the columns beside them are for the queue and the clock,
-- and name nobody.
CREATE TABLE second_line (
  id TEXT PRIMARY KEY, crossing TEXT NOT NULL UNIQUE, site TEXT NOT NULL REFERENCES site (id), direction TEXT NOT NULL,
  alert TEXT, document_mark BLOB NOT NULL, status TEXT NOT NULL, protected BIGINT NOT NULL, steps BIGINT NOT NULL,
  taken_by TEXT, taken_at BIGINT, alarmed BIGINT NOT NULL, alarm_at BIGINT, opened_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL, closed_at BIGINT);
CREATE INDEX second_line_open ON second_line (closed_at, site, opened_at);
CREATE INDEX second_line_alarm ON second_line (alarm_at) WHERE alarm_at IS NOT NULL;
CREATE INDEX second_line_document ON second_line (document_mark);

CREATE TABLE second_line_step (
  of TEXT NOT NULL REFERENCES second_line (id), n BIGINT NOT NULL, at BIGINT NOT NULL, account TEXT, action TEXT NOT NULL,
  step_sealed BLOB NOT NULL, PRIMARY KEY (of, n));
CREATE TRIGGER second_line_step_no_update BEFORE UPDATE ON second_line_step BEGIN SELECT RAISE(ABORT, 'steps are never changed'); END;
CREATE TRIGGER second_line_step_no_delete BEFORE DELETE ON second_line_step BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;

-- A document whose bearer a person found not to be the one of an order. No face, no name; it ends on its own.
CREATE TABLE cleared_pair (
  document_mark BLOB NOT NULL, order_id TEXT NOT NULL, case_id TEXT NOT NULL REFERENCES second_line (id),
  until BIGINT NOT NULL, PRIMARY KEY (document_mark, order_id));
CREATE INDEX cleared_pair_until ON cleared_pair (until);
