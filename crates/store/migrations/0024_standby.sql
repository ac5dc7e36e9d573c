-- Standby servers: the copy of the centre that a checkpoint goes on with when the centre cannot be reached.
-- Three parts: what the centre knows of each, what changed for them, and (at a standby alone) what it holds and owes.

CREATE TABLE standby (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id), name TEXT NOT NULL, public_key BLOB,
  token_hash BLOB, token_expires_at BIGINT, created_at BIGINT NOT NULL, enrolled_at BIGINT, retired_at BIGINT,
  heard_at BIGINT, upto BIGINT NOT NULL DEFAULT 0, waiting BIGINT NOT NULL DEFAULT 0, alone_since BIGINT,
  audit_seq BIGINT NOT NULL DEFAULT 0, audit_hash BLOB);
CREATE UNIQUE INDEX standby_token ON standby (token_hash);
-- One writer a checkpoint: two copies of one place could both go on alone.
CREATE UNIQUE INDEX standby_site ON standby (site) WHERE retired_at IS NULL;

-- What came, changed or went, once, by a number that only grows. Written by triggers, so that no way of recording can
-- forget it; nothing is written while no standby server is enrolled.
CREATE TABLE standby_change (seq INTEGER PRIMARY KEY AUTOINCREMENT, noun TEXT NOT NULL, of TEXT NOT NULL, UNIQUE (noun, of));

-- Audit rows of standby servers as they were handed in: each chain goes on from the row before, and is never changed.
CREATE TABLE standby_audit (
  standby TEXT NOT NULL REFERENCES standby (id), seq BIGINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (standby, seq));
CREATE INDEX standby_audit_subject ON standby_audit (subject, at);
CREATE TRIGGER standby_audit_no_update BEFORE UPDATE ON standby_audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER standby_audit_no_delete BEFORE DELETE ON standby_audit BEGIN SELECT RAISE(ABORT, 'audit rows are never removed'); END;

-- What a person must look at after records were handed in. `detail` holds codes and ids; what was not recorded is kept
-- sealed, so that nothing is lost; `content_mark` tells one content from another, so that a repeat is no second finding.
CREATE TABLE standby_finding (
  id TEXT PRIMARY KEY, standby TEXT NOT NULL REFERENCES standby (id), site TEXT NOT NULL, kind TEXT NOT NULL, noun TEXT NOT NULL, of TEXT NOT NULL,
  detail TEXT NOT NULL, kept_sealed BLOB, content_mark BLOB NOT NULL DEFAULT x'', found_at BIGINT NOT NULL,
  settled_at BIGINT, settled_by TEXT, reason_sealed BLOB, UNIQUE (kind, noun, of, content_mark));
CREATE INDEX standby_finding_open ON standby_finding (settled_at, site, found_at);
-- What was not recorded as it was handed in stands otherwise at the standby server: what the centre has goes down again.
-- A crossing first (it goes), then its holder (with the centre's own crossing of that id, if there is one).
CREATE TRIGGER standby_finding_copied AFTER INSERT ON standby_finding WHEN NEW.kind <> 'not_offered' BEGIN
  DELETE FROM standby_change WHERE noun = NEW.noun AND of = NEW.of;
  INSERT INTO standby_change (noun, of) VALUES (NEW.noun, NEW.of);
  DELETE FROM standby_change WHERE NEW.noun = 'crossing' AND noun = 'holder' AND of = (SELECT holder FROM crossing WHERE id = NEW.of);
  INSERT INTO standby_change (noun, of)
    SELECT 'holder', holder FROM crossing WHERE NEW.noun = 'crossing' AND id = NEW.of AND holder IS NOT NULL; END;

-- At a standby server: which one this is, how far its copies go, and since when it goes on alone. Never a row elsewhere.
-- `first_seq`: its own records of the ledger are numbered from here, so that they never meet a number of the centre's.
CREATE TABLE standby_self (
  one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, site TEXT NOT NULL, upto BIGINT NOT NULL DEFAULT 0,
  complete BIGINT NOT NULL DEFAULT 0, heard_at BIGINT, alone_since BIGINT, applying BIGINT NOT NULL DEFAULT 0,
  audit_sent BIGINT NOT NULL DEFAULT 0, first_seq BIGINT NOT NULL DEFAULT 1099511627776);
-- What it recorded and the centre has not confirmed.
CREATE TABLE standby_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, noun TEXT NOT NULL, of TEXT NOT NULL, UNIQUE (noun, of));
-- Copies that came while it still owed its own record of the same thing: written when that is confirmed, never lost.
CREATE TABLE standby_kept_back (noun TEXT NOT NULL, of TEXT NOT NULL, bundle_sealed BLOB NOT NULL, PRIMARY KEY (noun, of));

CREATE INDEX second_line_alert ON second_line (alert) WHERE alert IS NOT NULL;

-- Append-only tables: at a standby server copies of them may go again, while copies are written; its own records may not.
DROP TRIGGER alert_step_no_delete;
CREATE TRIGGER alert_step_no_delete BEFORE DELETE ON alert_step
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;
DROP TRIGGER second_line_step_no_delete;
CREATE TRIGGER second_line_step_no_delete BEFORE DELETE ON second_line_step
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;
DROP TRIGGER order_step_no_delete;
CREATE TRIGGER order_step_no_delete BEFORE DELETE ON order_step
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;
DROP TRIGGER person_decision_no_delete;
CREATE TRIGGER person_decision_no_delete BEFORE DELETE ON person_decision
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'decisions are never removed'); END;
DROP TRIGGER holder_link_no_delete;
CREATE TRIGGER holder_link_no_delete BEFORE DELETE ON holder_link
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'links are never removed'); END;
DROP TRIGGER crossing_no_delete;
CREATE TRIGGER crossing_no_delete BEFORE DELETE ON crossing
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'nothing leaves the ledger'); END;
DROP TRIGGER stay_extension_no_delete;
CREATE TRIGGER stay_extension_no_delete BEFORE DELETE ON stay_extension
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'extensions are never removed'); END;
DROP TRIGGER rule_pack_proposal_stays;
CREATE TRIGGER rule_pack_proposal_stays BEFORE DELETE ON rule_pack_proposal
  WHEN NOT EXISTS (SELECT 1 FROM standby_self WHERE applying = 1)
  BEGIN SELECT RAISE(ABORT, 'proposals are never removed'); END;

-- What changed, by noun. A noun is what is copied whole: an order with its steps, a holder with documents and marks.
-- Deleted and inserted, not replaced: in a trigger the conflict rule of the outer statement holds (an upsert would fail).
CREATE TRIGGER standby_site_insert AFTER INSERT ON site WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.id; END;
CREATE TRIGGER standby_site_update AFTER UPDATE OF name, kind, utc_offset_minutes ON site WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.id; END;
CREATE TRIGGER standby_desk_insert AFTER INSERT ON desk WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_desk_update AFTER UPDATE ON desk WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_lane_insert AFTER INSERT ON lane WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_lane_update AFTER UPDATE ON lane WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_deployment_insert AFTER INSERT ON deployment WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_deployment_update AFTER UPDATE ON deployment WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_camera_insert AFTER INSERT ON camera WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_camera_update AFTER UPDATE ON camera WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_camera_delete AFTER DELETE ON camera WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = OLD.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', OLD.site; END;
CREATE TRIGGER standby_edge_insert AFTER INSERT ON edge WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_edge_update AFTER UPDATE OF public_key, retired_at, name ON edge WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'site' AND of = NEW.site;
  INSERT INTO standby_change (noun, of) SELECT 'site', NEW.site; END;
CREATE TRIGGER standby_account_insert AFTER INSERT ON account WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'account' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'account', NEW.id; END;
CREATE TRIGGER standby_account_update AFTER UPDATE ON account WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'account' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'account', NEW.id; END;
CREATE TRIGGER standby_session_insert AFTER INSERT ON session WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'session' AND of = lower(hex(NEW.token_hash));
  INSERT INTO standby_change (noun, of) SELECT 'session', lower(hex(NEW.token_hash)); END;
CREATE TRIGGER standby_session_update AFTER UPDATE ON session WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'session' AND of = lower(hex(NEW.token_hash));
  INSERT INTO standby_change (noun, of) SELECT 'session', lower(hex(NEW.token_hash)); END;
CREATE TRIGGER standby_session_delete AFTER DELETE ON session WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'session' AND of = lower(hex(OLD.token_hash));
  INSERT INTO standby_change (noun, of) SELECT 'session', lower(hex(OLD.token_hash)); END;
CREATE TRIGGER standby_rule_pack_insert AFTER INSERT ON rule_pack_proposal WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'rule_pack' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'rule_pack', NEW.id; END;
CREATE TRIGGER standby_rule_pack_update AFTER UPDATE ON rule_pack_proposal WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'rule_pack' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'rule_pack', NEW.id; END;
CREATE TRIGGER standby_order_insert AFTER INSERT ON orders WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'order' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'order', NEW.id; END;
CREATE TRIGGER standby_order_update AFTER UPDATE ON orders WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'order' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'order', NEW.id; END;
CREATE TRIGGER standby_person_decision AFTER INSERT ON person_decision WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'order' AND of IN (NEW.one, NEW.other);
  INSERT INTO standby_change (noun, of) VALUES ('order', NEW.one), ('order', NEW.other); END;
CREATE TRIGGER standby_entry_insert AFTER INSERT ON entry WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.id; END;
CREATE TRIGGER standby_entry_update AFTER UPDATE ON entry WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.id; END;
CREATE TRIGGER standby_entry_photo_insert AFTER INSERT ON entry_photo WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.entry;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.entry; END;
CREATE TRIGGER standby_entry_photo_update AFTER UPDATE ON entry_photo WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.entry;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.entry; END;
CREATE TRIGGER standby_entry_photo_delete AFTER DELETE ON entry_photo WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = OLD.entry;
  INSERT INTO standby_change (noun, of) SELECT 'entry', OLD.entry; END;
CREATE TRIGGER standby_entry_hold_insert AFTER INSERT ON entry_hold WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.entry;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.entry; END;
CREATE TRIGGER standby_entry_hold_update AFTER UPDATE ON entry_hold WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'entry' AND of = NEW.entry;
  INSERT INTO standby_change (noun, of) SELECT 'entry', NEW.entry; END;
CREATE TRIGGER standby_holder_insert AFTER INSERT ON holder WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.id; END;
CREATE TRIGGER standby_holder_update AFTER UPDATE ON holder WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.id; END;
CREATE TRIGGER standby_holder_document_insert AFTER INSERT ON holder_document WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_holder_document_update AFTER UPDATE ON holder_document WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_permit_insert AFTER INSERT ON permit WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_permit_update AFTER UPDATE ON permit WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_holder_portrait_insert AFTER INSERT ON holder_portrait WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_holder_portrait_update AFTER UPDATE ON holder_portrait WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder; END;
CREATE TRIGGER standby_holder_link AFTER INSERT ON holder_link WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of IN (NEW.one, NEW.other);
  INSERT INTO standby_change (noun, of) VALUES ('holder', NEW.one), ('holder', NEW.other); END;
CREATE TRIGGER standby_crossing_insert AFTER INSERT ON crossing WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = NEW.holder;
  INSERT INTO standby_change (noun, of) SELECT 'holder', NEW.holder WHERE NEW.holder IS NOT NULL; END;
CREATE TRIGGER standby_stay_extension_insert AFTER INSERT ON stay_extension WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'holder' AND of = (SELECT holder FROM crossing WHERE id = NEW.entry);
  INSERT INTO standby_change (noun, of) SELECT 'holder', holder FROM crossing WHERE id = NEW.entry AND holder IS NOT NULL; END;
CREATE TRIGGER standby_case_insert AFTER INSERT ON second_line WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'case' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'case', NEW.id; END;
CREATE TRIGGER standby_case_update AFTER UPDATE ON second_line WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'case' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'case', NEW.id; END;
CREATE TRIGGER standby_cleared_insert AFTER INSERT ON cleared_pair WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'cleared' AND of = lower(hex(NEW.document_mark)) || ':' || NEW.order_id;
  INSERT INTO standby_change (noun, of) SELECT 'cleared', lower(hex(NEW.document_mark)) || ':' || NEW.order_id; END;
CREATE TRIGGER standby_cleared_update AFTER UPDATE ON cleared_pair WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'cleared' AND of = lower(hex(NEW.document_mark)) || ':' || NEW.order_id;
  INSERT INTO standby_change (noun, of) SELECT 'cleared', lower(hex(NEW.document_mark)) || ':' || NEW.order_id; END;
CREATE TRIGGER standby_cleared_delete AFTER DELETE ON cleared_pair WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'cleared' AND of = lower(hex(OLD.document_mark)) || ':' || OLD.order_id;
  INSERT INTO standby_change (noun, of) SELECT 'cleared', lower(hex(OLD.document_mark)) || ':' || OLD.order_id; END;
CREATE TRIGGER standby_alert_insert AFTER INSERT ON alert WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'alert' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'alert', NEW.id; END;
CREATE TRIGGER standby_alert_update AFTER UPDATE ON alert WHEN EXISTS (SELECT 1 FROM standby WHERE enrolled_at IS NOT NULL AND retired_at IS NULL) BEGIN
  DELETE FROM standby_change WHERE noun = 'alert' AND of = NEW.id;
  INSERT INTO standby_change (noun, of) SELECT 'alert', NEW.id; END;

-- What a standby server recorded itself, in the order in which it must be handed in.
CREATE TRIGGER standby_outbox_holder AFTER INSERT ON holder WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'holder' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('holder', NEW.id); END;
CREATE TRIGGER standby_outbox_crossing AFTER INSERT ON crossing WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'crossing' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('crossing', NEW.id); END;
CREATE TRIGGER standby_outbox_case_insert AFTER INSERT ON second_line WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'case' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('case', NEW.id); END;
CREATE TRIGGER standby_outbox_case_update AFTER UPDATE ON second_line WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'case' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('case', NEW.id); END;
CREATE TRIGGER standby_outbox_alert_insert AFTER INSERT ON alert WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'alert' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('alert', NEW.id); END;
CREATE TRIGGER standby_outbox_alert_update AFTER UPDATE ON alert WHEN EXISTS (SELECT 1 FROM standby_self WHERE applying = 0) BEGIN
  DELETE FROM standby_outbox WHERE noun = 'alert' AND of = NEW.id;
  INSERT INTO standby_outbox (noun, of) VALUES ('alert', NEW.id); END;
