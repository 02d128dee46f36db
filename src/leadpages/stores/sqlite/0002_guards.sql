ALTER TABLE leads ADD COLUMN suppressed_for TEXT NOT NULL DEFAULT '';

ALTER TABLE submissions ADD COLUMN address_key TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN files TEXT NOT NULL DEFAULT '[]';
ALTER TABLE submissions ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
UPDATE submissions SET address_key = lower(email);
CREATE INDEX submissions_by_address ON submissions (address_key, answers_hash);
CREATE INDEX submissions_by_form ON submissions (form, received_at);
CREATE INDEX quarantine ON submissions (received_at, id) WHERE quarantined_for <> '';

-- A lease is a due time that is put off.
ALTER TABLE outbox RENAME COLUMN mail TO name;
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
ALTER TABLE outbox ADD COLUMN happening TEXT NOT NULL DEFAULT 'accepted';
UPDATE outbox SET due_at = leased_until WHERE leased_until > due_at;
ALTER TABLE outbox DROP COLUMN leased_until;
CREATE INDEX outbox_by_time ON outbox (created_at, id);

CREATE TABLE idempotency_keys (
  key_hash TEXT PRIMARY KEY,
  answers_hash TEXT NOT NULL,
  noted_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (noted_at);

CREATE TABLE limit_counts (
  bucket TEXT NOT NULL,
  begins_at TEXT NOT NULL,
  ends_at TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (bucket, begins_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_counts_by_end ON limit_counts (ends_at);

-- `mark` is a keyed hash of the address: it says nothing to whoever has only the database.
CREATE TABLE suppressions (
  mark TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
