-- Policy of a site: what is in force, and what was proposed and decided. Common subset of SQLite and PostgreSQL.

CREATE TABLE policy (
  site TEXT PRIMARY KEY REFERENCES site (id), setting TEXT NOT NULL, proposal TEXT, changed_at BIGINT NOT NULL,
  figures TEXT NOT NULL, computed_at BIGINT NOT NULL);

CREATE TABLE policy_proposal (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), setting TEXT NOT NULL, shown TEXT NOT NULL,
  reason TEXT NOT NULL, proposed_by TEXT REFERENCES account (id), proposed_at BIGINT NOT NULL,
  decision TEXT, decided_by TEXT REFERENCES account (id), decided_at BIGINT, decision_reason TEXT);
CREATE INDEX policy_proposal_site ON policy_proposal (site, proposed_at);
CREATE UNIQUE INDEX policy_proposal_open ON policy_proposal (site) WHERE decision IS NULL;
