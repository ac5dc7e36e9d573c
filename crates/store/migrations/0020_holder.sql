-- The registry: people with travel documents, their permits and portraits. Who they are and what their documents are
-- numbered is sealed; a document is found by its mark, never listed. Nothing is ever joined: links say who is one person.

CREATE TABLE holder (
  id TEXT PRIMARY KEY, citizen BIGINT NOT NULL, nationality TEXT NOT NULL,
  identity_sealed BLOB NOT NULL, nik_mark BLOB, created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL,
  CHECK (citizen = (nationality = 'IDN')));
CREATE INDEX holder_nik ON holder (nik_mark) WHERE nik_mark IS NOT NULL;

-- What a holder was recorded as before; the newest is in `holder`.
CREATE TABLE holder_former (
  holder TEXT NOT NULL REFERENCES holder (id), n BIGINT NOT NULL, nationality TEXT NOT NULL, identity_sealed BLOB NOT NULL,
  until BIGINT NOT NULL, PRIMARY KEY (holder, n));
CREATE TRIGGER holder_former_no_update BEFORE UPDATE ON holder_former BEGIN SELECT RAISE(ABORT, 'former records are never changed'); END;
CREATE TRIGGER holder_former_no_delete BEFORE DELETE ON holder_former BEGIN SELECT RAISE(ABORT, 'former records are never removed'); END;

CREATE TABLE holder_document (
  id TEXT PRIMARY KEY, holder TEXT NOT NULL REFERENCES holder (id), kind TEXT NOT NULL, issuing_state TEXT NOT NULL,
  number_sealed BLOB NOT NULL, mark BLOB NOT NULL, expires TEXT,
  status TEXT NOT NULL CHECK (status IN ('valid', 'lost', 'stolen', 'replaced', 'cancelled')),
  status_at BIGINT NOT NULL, reference_sealed BLOB, created_at BIGINT NOT NULL);
CREATE INDEX holder_document_mark ON holder_document (mark);
CREATE INDEX holder_document_holder ON holder_document (holder);
-- Never two live documents of one state and number.
CREATE UNIQUE INDEX holder_document_live ON holder_document (mark) WHERE status IN ('valid', 'lost', 'stolen');

CREATE TABLE permit (
  id TEXT PRIMARY KEY, holder TEXT NOT NULL REFERENCES holder (id), kind TEXT NOT NULL, permit_index TEXT NOT NULL,
  entries TEXT NOT NULL, valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, stay_days BIGINT, stay_until TEXT,
  sites TEXT NOT NULL, document_mark BLOB, state TEXT NOT NULL CHECK (state IN ('issued', 'cancelled')),
  state_at BIGINT NOT NULL, created_at BIGINT NOT NULL,
  CHECK ((stay_days IS NULL) <> (stay_until IS NULL)));
CREATE INDEX permit_holder ON permit (holder);

-- Portraits; the highest `n` is in use, the others are history.
CREATE TABLE holder_portrait (
  id TEXT PRIMARY KEY, holder TEXT NOT NULL REFERENCES holder (id), n BIGINT NOT NULL, model_id TEXT NOT NULL, quality TEXT NOT NULL,
  photo_sealed BLOB NOT NULL, portrait_sealed BLOB NOT NULL, template_sealed BLOB NOT NULL, created_at BIGINT NOT NULL,
  UNIQUE (holder, n));

-- What people said about pairs of holders: append-only, the last row of a pair counts. `one` is the smaller id.
CREATE TABLE holder_link (
  one TEXT NOT NULL REFERENCES holder (id), other TEXT NOT NULL REFERENCES holder (id), n BIGINT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('same', 'not_same', 'undecided')), reason_sealed BLOB NOT NULL, account TEXT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (one, other, n), CHECK (one < other));
CREATE INDEX holder_link_other ON holder_link (other);
CREATE TRIGGER holder_link_no_update BEFORE UPDATE ON holder_link BEGIN SELECT RAISE(ABORT, 'links are never changed'); END;
CREATE TRIGGER holder_link_no_delete BEFORE DELETE ON holder_link BEGIN SELECT RAISE(ABORT, 'links are never removed'); END;

-- What the outside registry answered last, to be shown with its age when it does not answer.
CREATE TABLE holder_outside (
  mark BLOB PRIMARY KEY, answer_sealed BLOB NOT NULL, etag TEXT, found BIGINT NOT NULL, asked_at BIGINT NOT NULL);
