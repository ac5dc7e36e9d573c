-- Keys with which an agency's own system files orders. Only the SHA-256 of a key is kept; every key ends on its day.
CREATE TABLE credential (
  id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (id), label TEXT NOT NULL, token_hash BLOB NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, ended_at BIGINT);
CREATE INDEX credential_account ON credential (account, id);
