-- Lists that carriers hand in before a journey. Who travels is sealed; a document is found by its mark. Deleted a while
-- after the arrival.
CREATE TABLE passenger_list (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, sender TEXT NOT NULL, interchange TEXT NOT NULL, message TEXT NOT NULL,
  content_mark BLOB NOT NULL, kind TEXT NOT NULL, journey TEXT NOT NULL, carrier TEXT NOT NULL, origin TEXT NOT NULL,
  destination TEXT NOT NULL, departs TEXT NOT NULL, arrives TEXT NOT NULL, named BIGINT NOT NULL, left_out BIGINT NOT NULL,
  received_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, screened BIGINT NOT NULL,
  UNIQUE (account, sender, interchange, message));
CREATE INDEX passenger_list_expiry ON passenger_list (expires_at);
CREATE INDEX passenger_list_arrival ON passenger_list (arrives);

CREATE TABLE passenger (
  id TEXT PRIMARY KEY, list TEXT NOT NULL REFERENCES passenger_list (id) ON DELETE CASCADE, n BIGINT NOT NULL,
  document_mark BLOB NOT NULL, advice TEXT NOT NULL, passenger_sealed BLOB NOT NULL, decision TEXT, decided_by TEXT,
  decided_at BIGINT, reason_sealed BLOB, UNIQUE (list, n));
CREATE INDEX passenger_document ON passenger (document_mark);
