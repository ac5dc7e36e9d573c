-- Imports of orders from a file. What a row says is sealed; keys and contents are marks made with the data key, so that
-- a row is found again without its text. What is wrong with a row is codes and names of cells, never their contents.

CREATE TABLE import (
  id TEXT PRIMARY KEY, agency TEXT NOT NULL, format TEXT NOT NULL, phase TEXT NOT NULL, created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL, created_by TEXT NOT NULL, applied_by TEXT, decided_by TEXT, setup_sealed BLOB NOT NULL,
  note_sealed BLOB, bytes BIGINT NOT NULL, total BIGINT NOT NULL, done BIGINT NOT NULL, mark BIGINT NOT NULL,
  skipped BIGINT NOT NULL, problem TEXT);
CREATE INDEX import_agency ON import (agency, id);
CREATE INDEX import_phase ON import (phase, changed_at);

CREATE TABLE import_row (
  of TEXT NOT NULL REFERENCES import (id), n BIGINT NOT NULL, state TEXT NOT NULL, code TEXT, faults TEXT,
  twice_of BIGINT, gaps TEXT NOT NULL, key BLOB, slug BLOB, other_slug BLOB, content BLOB, cells_sealed BLOB NOT NULL,
  orders TEXT REFERENCES orders (id), outcome TEXT, PRIMARY KEY (of, n));
CREATE INDEX import_row_state ON import_row (of, state, n);
CREATE INDEX import_row_key ON import_row (of, key);
CREATE INDEX import_row_slug ON import_row (of, slug);
CREATE INDEX import_row_other_slug ON import_row (of, other_slug);
CREATE INDEX import_row_orders ON import_row (orders) WHERE orders IS NOT NULL;

-- Which order the row of a source became, over all imports: the same row twice is one order.
CREATE TABLE import_key (key BLOB PRIMARY KEY, content BLOB NOT NULL, orders TEXT NOT NULL REFERENCES orders (id));
CREATE INDEX import_key_orders ON import_key (orders);

-- Photographs that came as an archive, in its order, with what became of each.
CREATE TABLE import_photo (
  of TEXT NOT NULL REFERENCES import (id), batch BIGINT NOT NULL, n BIGINT NOT NULL, name_sealed BLOB NOT NULL,
  orders TEXT REFERENCES orders (id), code TEXT, quality TEXT, PRIMARY KEY (of, batch, n));
