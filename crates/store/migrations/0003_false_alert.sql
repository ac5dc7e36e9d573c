-- The enrolment audit of list entries, and false alerts counted beside their prediction. Counts only: no face, no score.

-- What the audit of one photograph's template found: numbers and ids of entries alike.
CREATE TABLE entry_finding (
  entry TEXT NOT NULL REFERENCES entry (id), n BIGINT NOT NULL, model_id TEXT NOT NULL, at BIGINT NOT NULL,
  finding TEXT NOT NULL, PRIMARY KEY (entry, n));

-- An entry the audit held back, until a person decides.
CREATE TABLE entry_hold (
  entry TEXT PRIMARY KEY REFERENCES entry (id), held_at BIGINT NOT NULL, decided_at BIGINT, decided_by TEXT,
  accepted BIGINT, reason_sealed BLOB);

-- A camera's day in its site's local time: people searched, and the false alerts predicted as it happened.
CREATE TABLE false_alert_day (
  camera TEXT NOT NULL REFERENCES camera (id), day BIGINT NOT NULL, searched BIGINT NOT NULL, predicted BIGINT NOT NULL,
  beyond BIGINT NOT NULL, expected DOUBLE PRECISION NOT NULL, expected_low DOUBLE PRECISION NOT NULL,
  expected_high DOUBLE PRECISION NOT NULL, PRIMARY KEY (camera, day));

-- Templates a site searches, by list; counted anew when its list moves or after a minute.
CREATE TABLE false_alert_gallery (
  site TEXT PRIMARY KEY REFERENCES site (id), list_version BIGINT NOT NULL, model_id TEXT NOT NULL, at BIGINT NOT NULL,
  sizes TEXT NOT NULL);

-- Reality left the prediction: of a camera, or of a whole site when `camera` is empty.
CREATE TABLE false_alert_alarm (
  site TEXT NOT NULL REFERENCES site (id), camera TEXT NOT NULL, side TEXT NOT NULL, raised_at BIGINT NOT NULL,
  cleared_at BIGINT, tally TEXT NOT NULL, PRIMARY KEY (site, camera, raised_at));
CREATE INDEX false_alert_standing ON false_alert_alarm (cleared_at);

CREATE INDEX alert_received ON alert (received_at);
