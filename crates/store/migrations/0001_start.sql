-- Tables of the first version. Common subset of SQLite and PostgreSQL; BLOB becomes BYTEA there.
-- Times are UTC milliseconds, ids are UUID text, `sealed` columns are encrypted per record.

CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);

CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never removed'); END;

CREATE TABLE event (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, site TEXT, desk TEXT,
  audience TEXT NOT NULL, payload TEXT NOT NULL);
CREATE INDEX event_at ON event (at);

CREATE TABLE site (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, utc_offset_minutes BIGINT NOT NULL,
  revision BIGINT NOT NULL, list_version BIGINT NOT NULL, created_at BIGINT NOT NULL);

CREATE TABLE deployment (
  site TEXT PRIMARY KEY REFERENCES site (id), record TEXT NOT NULL, changed_at BIGINT NOT NULL);

CREATE TABLE desk (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), name TEXT NOT NULL, UNIQUE (site, name));

CREATE TABLE lane (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), name TEXT NOT NULL, direction TEXT NOT NULL,
  desk TEXT REFERENCES desk (id), UNIQUE (site, name));

CREATE TABLE camera (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), lane TEXT REFERENCES lane (id), name TEXT NOT NULL,
  direction TEXT NOT NULL, source_sealed BLOB NOT NULL, source_shown TEXT NOT NULL, fps DOUBLE PRECISION NOT NULL,
  detect_width BIGINT NOT NULL, min_eye_distance_px DOUBLE PRECISION NOT NULL, enabled BIGINT NOT NULL,
  UNIQUE (site, name));

CREATE TABLE threshold (
  site TEXT NOT NULL REFERENCES site (id), list TEXT NOT NULL, model_id TEXT NOT NULL,
  possible DOUBLE PRECISION NOT NULL, strong DOUBLE PRECISION NOT NULL, PRIMARY KEY (site, list, model_id));

CREATE TABLE account (
  id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, role TEXT NOT NULL,
  site TEXT REFERENCES site (id), desk TEXT REFERENCES desk (id), language TEXT NOT NULL,
  password_hash TEXT NOT NULL, must_change BIGINT NOT NULL, created_at BIGINT NOT NULL, closed_at BIGINT);

CREATE TABLE session (
  token_hash BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES account (id), csrf TEXT NOT NULL,
  created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL);
CREATE INDEX session_account ON session (account);

CREATE TABLE sign_in_attempt (name TEXT PRIMARY KEY, failures BIGINT NOT NULL, last_at BIGINT NOT NULL);

CREATE TABLE entry (
  id TEXT PRIMARY KEY, list TEXT NOT NULL, agency TEXT NOT NULL, in_force_from BIGINT NOT NULL,
  in_force_to BIGINT NOT NULL, version BIGINT NOT NULL, identity_sealed BLOB NOT NULL,
  created_at BIGINT NOT NULL, created_by TEXT NOT NULL, ended_at BIGINT, end_reason TEXT);
CREATE INDEX entry_live ON entry (ended_at, in_force_to);

CREATE TABLE entry_photo (
  id TEXT PRIMARY KEY, entry TEXT NOT NULL REFERENCES entry (id), n BIGINT NOT NULL, model_id TEXT NOT NULL,
  quality TEXT NOT NULL, photo_sealed BLOB NOT NULL, portrait_sealed BLOB NOT NULL, template_sealed BLOB NOT NULL,
  created_at BIGINT NOT NULL, UNIQUE (entry, n));

CREATE TABLE list_change (
  site TEXT NOT NULL REFERENCES site (id), version BIGINT NOT NULL, entry TEXT NOT NULL REFERENCES entry (id),
  PRIMARY KEY (site, version));

CREATE TABLE edge (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), name TEXT NOT NULL, public_key BLOB,
  token_hash BLOB, token_expires_at BIGINT, created_at BIGINT NOT NULL, enrolled_at BIGINT, retired_at BIGINT,
  health TEXT, health_boot TEXT, health_seq BIGINT, health_at BIGINT);
CREATE UNIQUE INDEX edge_token ON edge (token_hash);

CREATE TABLE edge_counter (
  camera TEXT NOT NULL REFERENCES camera (id), day BIGINT NOT NULL, counters TEXT NOT NULL, PRIMARY KEY (camera, day));

CREATE TABLE camera_health (
  camera TEXT PRIMARY KEY REFERENCES camera (id), edge TEXT NOT NULL, boot TEXT NOT NULL, at BIGINT NOT NULL,
  health TEXT NOT NULL);

CREATE TABLE nonce (edge TEXT NOT NULL, nonce TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (edge, nonce));
CREATE INDEX nonce_at ON nonce (at);

CREATE TABLE receipt (
  edge TEXT NOT NULL REFERENCES edge (id), entry TEXT NOT NULL REFERENCES entry (id), version BIGINT NOT NULL,
  removed_at BIGINT NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (edge, entry, version));

CREATE TABLE alert (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), camera TEXT NOT NULL REFERENCES camera (id),
  lane TEXT, desk TEXT, edge TEXT NOT NULL REFERENCES edge (id), entry TEXT NOT NULL REFERENCES entry (id),
  received_at BIGINT NOT NULL, captured_at BIGINT NOT NULL, status TEXT NOT NULL, level TEXT NOT NULL,
  due_at BIGINT, ended_at BIGINT, probes BIGINT NOT NULL, evidence TEXT NOT NULL, destroyed_at BIGINT);
CREATE INDEX alert_queue ON alert (status, site, received_at);
CREATE INDEX alert_due ON alert (due_at);
CREATE INDEX alert_entry ON alert (entry, status);

CREATE TABLE alert_step (
  alert TEXT NOT NULL REFERENCES alert (id), n BIGINT NOT NULL, at BIGINT NOT NULL, action TEXT NOT NULL,
  account TEXT, step_sealed BLOB NOT NULL, PRIMARY KEY (alert, n));
CREATE TRIGGER alert_step_no_update BEFORE UPDATE ON alert_step BEGIN SELECT RAISE(ABORT, 'steps are never changed'); END;
CREATE TRIGGER alert_step_no_delete BEFORE DELETE ON alert_step BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;

CREATE TABLE alert_probe (
  alert TEXT NOT NULL REFERENCES alert (id), n BIGINT NOT NULL, photo_sealed BLOB NOT NULL, PRIMARY KEY (alert, n));

CREATE TABLE attempt (
  id TEXT PRIMARY KEY, site TEXT NOT NULL, camera TEXT NOT NULL, at BIGINT NOT NULL, seen_ms BIGINT NOT NULL,
  shots BIGINT NOT NULL, outcome TEXT NOT NULL, detail TEXT);
CREATE INDEX attempt_at ON attempt (at);
CREATE INDEX attempt_camera ON attempt (camera, at);

CREATE TABLE look (account TEXT NOT NULL, subject TEXT NOT NULL, minute BIGINT NOT NULL,
  PRIMARY KEY (account, subject, minute));
