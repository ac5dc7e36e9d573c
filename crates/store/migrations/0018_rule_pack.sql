-- Changes of the law's data: proposed by one person, decided by another. What was approved last for a pack holds.
CREATE TABLE rule_pack_proposal (
  id TEXT PRIMARY KEY, pack TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL,
  proposed_by TEXT NOT NULL REFERENCES account (id), proposed_at BIGINT NOT NULL,
  decision TEXT, decided_by TEXT REFERENCES account (id), decided_at BIGINT, decision_reason TEXT);
CREATE UNIQUE INDEX rule_pack_proposal_open ON rule_pack_proposal (pack) WHERE decision IS NULL;
CREATE TRIGGER rule_pack_proposal_text BEFORE UPDATE OF pack, text, proposed_by, proposed_at ON rule_pack_proposal
  BEGIN SELECT RAISE(ABORT, 'what was proposed is never changed'); END;
CREATE TRIGGER rule_pack_proposal_stays BEFORE DELETE ON rule_pack_proposal
  BEGIN SELECT RAISE(ABORT, 'proposals are never removed'); END;
