-- The list of names in memory, people in process, and who is one person.

-- Every order and entry that came, changed or ended, once, by a number that only grows: what a list in memory has not
-- seen yet. Written by triggers, so that no way of recording an order can forget it.
CREATE TABLE name_change (seq INTEGER PRIMARY KEY AUTOINCREMENT, noun TEXT NOT NULL, of TEXT NOT NULL UNIQUE);
CREATE TRIGGER order_name_added AFTER INSERT ON orders BEGIN
  DELETE FROM name_change WHERE of = NEW.id; INSERT INTO name_change (noun, of) VALUES ('order', NEW.id); END;
CREATE TRIGGER order_name_changed AFTER UPDATE ON orders BEGIN
  DELETE FROM name_change WHERE of = NEW.id; INSERT INTO name_change (noun, of) VALUES ('order', NEW.id); END;
CREATE TRIGGER entry_name_added AFTER INSERT ON entry BEGIN
  DELETE FROM name_change WHERE of = NEW.id; INSERT INTO name_change (noun, of) VALUES ('entry', NEW.id); END;
CREATE TRIGGER entry_name_changed AFTER UPDATE OF ended_at, first_day, last_day, identity_sealed ON entry BEGIN
  DELETE FROM name_change WHERE of = NEW.id; INSERT INTO name_change (noun, of) VALUES ('entry', NEW.id); END;

-- What people decided about pairs of orders: append-only, the last row of a pair counts. `one` is the smaller id.
CREATE TABLE person_decision (
  one TEXT NOT NULL REFERENCES orders (id), other TEXT NOT NULL REFERENCES orders (id), n BIGINT NOT NULL,
  decision TEXT NOT NULL, account TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (one, other, n), CHECK (one < other));
CREATE INDEX person_decision_other ON person_decision (other);
CREATE TRIGGER person_decision_no_update BEFORE UPDATE ON person_decision BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE TRIGGER person_decision_no_delete BEFORE DELETE ON person_decision BEGIN SELECT RAISE(ABORT, 'decisions are never removed'); END;

-- People in process: who is sealed. Deleted when the process is over.
CREATE TABLE in_process (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, reference TEXT NOT NULL, site TEXT REFERENCES site (id),
  subject_sealed BLOB NOT NULL, expires_at BIGINT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (kind, reference));
CREATE INDEX in_process_expiry ON in_process (expires_at);

-- A listed person whom somebody in process, or of an alert not yet decided, may be.
CREATE TABLE in_process_hit (
  id TEXT PRIMARY KEY, person TEXT REFERENCES in_process (id) ON DELETE CASCADE, alert TEXT REFERENCES alert (id),
  noun TEXT NOT NULL, listed TEXT NOT NULL, site TEXT, found_at BIGINT NOT NULL, decided_at BIGINT, decision TEXT,
  CHECK ((person IS NULL) <> (alert IS NULL)), UNIQUE (person, listed), UNIQUE (alert, listed));
CREATE INDEX in_process_hit_open ON in_process_hit (decided_at, found_at);

-- Orders that must still be held against the people in process: from their approval until it is done.
CREATE TABLE in_process_due (of TEXT PRIMARY KEY REFERENCES orders (id), first_day TEXT NOT NULL);
CREATE TRIGGER order_approved AFTER UPDATE OF status ON orders
  WHEN NEW.status = 'approved' AND OLD.status IN ('submitted', 'awaiting_second') BEGIN
  DELETE FROM in_process_due WHERE of = NEW.id; INSERT INTO in_process_due (of, first_day) VALUES (NEW.id, NEW.first_day); END;
CREATE TRIGGER order_came_approved AFTER INSERT ON orders WHEN NEW.status = 'approved' BEGIN
  INSERT INTO in_process_due (of, first_day) VALUES (NEW.id, NEW.first_day); END;
