-- Orders: the lawful act behind an entry. `order` is a word of SQL, so the table is `orders`. What an order says is
-- sealed; the columns beside it are for lists and never hold a name, a number or a reason.

CREATE TABLE orders (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, agency TEXT NOT NULL, status TEXT NOT NULL, first_day TEXT NOT NULL,
  last_day TEXT, steps BIGINT NOT NULL, created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL,
  entry TEXT REFERENCES entry (id));
CREATE INDEX orders_status ON orders (status, last_day);
CREATE INDEX orders_agency ON orders (agency, id);
CREATE UNIQUE INDEX orders_entry ON orders (entry);

CREATE TABLE order_step (
  of TEXT NOT NULL REFERENCES orders (id), n BIGINT NOT NULL, at BIGINT NOT NULL, account TEXT, action TEXT NOT NULL,
  step_sealed BLOB NOT NULL, PRIMARY KEY (of, n));
CREATE TRIGGER order_step_no_update BEFORE UPDATE ON order_step BEGIN SELECT RAISE(ABORT, 'steps are never changed'); END;
CREATE TRIGGER order_step_no_delete BEFORE DELETE ON order_step BEGIN SELECT RAISE(ABORT, 'steps are never removed'); END;

-- Photographs of an order. One that is replaced stays, marked, until retention.
CREATE TABLE order_photo (
  id TEXT PRIMARY KEY, of TEXT NOT NULL REFERENCES orders (id), n BIGINT NOT NULL, model_id TEXT NOT NULL,
  quality TEXT NOT NULL, photo_sealed BLOB NOT NULL, portrait_sealed BLOB NOT NULL,
  template_sealed BLOB NOT NULL, created_at BIGINT NOT NULL, replaced_at BIGINT, UNIQUE (of, n));

ALTER TABLE account ADD COLUMN agency TEXT;
