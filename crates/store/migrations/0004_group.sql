-- Group labels a site may lawfully record, as two people decided; alerts judged false by label; passers-by by label and
-- day. Without an approved set nothing can be recorded. Labels and counts only: no face, name or document.

CREATE TABLE group_set (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), labels TEXT NOT NULL, legal_ground TEXT NOT NULL,
  proposed_by TEXT NOT NULL REFERENCES account (id), proposed_at BIGINT NOT NULL,
  decision TEXT, decided_by TEXT REFERENCES account (id), decided_at BIGINT, reason TEXT, ended_at BIGINT);
CREATE UNIQUE INDEX group_set_waiting ON group_set (site) WHERE decision IS NULL;
CREATE UNIQUE INDEX group_set_in_force ON group_set (site) WHERE decision = 'approve' AND ended_at IS NULL;

-- One label an alert, recorded once, by an officer who judged it.
CREATE TABLE group_label (
  alert TEXT PRIMARY KEY REFERENCES alert (id), group_set TEXT NOT NULL REFERENCES group_set (id), label TEXT NOT NULL,
  recorded_by TEXT NOT NULL REFERENCES account (id), recorded_at BIGINT NOT NULL);
CREATE INDEX group_label_set ON group_label (group_set);

-- People who walked past on a local day of the site, by label.
CREATE TABLE group_count (
  group_set TEXT NOT NULL REFERENCES group_set (id), day BIGINT NOT NULL, label TEXT NOT NULL, passers_by BIGINT NOT NULL,
  recorded_by TEXT NOT NULL REFERENCES account (id), recorded_at BIGINT NOT NULL, PRIMARY KEY (group_set, day, label));
