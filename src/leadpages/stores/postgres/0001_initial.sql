CREATE TABLE leadpages_schema (version integer NOT NULL);
INSERT INTO leadpages_schema VALUES (1);

-- Ids sort by their bytes, whatever the language of the database.
CREATE TABLE leads (
  id text COLLATE "C" PRIMARY KEY,
  address_key text NOT NULL UNIQUE,
  email text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'received', 'confirmed', 'unsubscribed')),
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  confirmation_asked_at timestamptz,
  unsubscribed_at timestamptz,
  suppressed_for text NOT NULL DEFAULT ''
);
CREATE INDEX leads_by_time ON leads (created_at, id);

-- lead_id is empty for a quarantined submission: it must not make a lead.
-- Of `json`, unlike `jsonb`, the order stays: answers are read in that of the form's fields.
CREATE TABLE submissions (
  id text COLLATE "C" PRIMARY KEY,
  lead_id text COLLATE "C" REFERENCES leads (id) ON DELETE CASCADE,
  form text NOT NULL,
  email text NOT NULL,
  address_key text NOT NULL,
  answers json NOT NULL,
  answers_hash text NOT NULL,
  files json NOT NULL,
  page text NOT NULL,
  language text NOT NULL,
  received_at timestamptz NOT NULL,
  waiting boolean NOT NULL DEFAULT false,
  downloads integer NOT NULL DEFAULT 0,
  revoked boolean NOT NULL DEFAULT false,
  quarantined_for text NOT NULL DEFAULT ''
);
CREATE INDEX submissions_by_lead ON submissions (lead_id, received_at);
CREATE INDEX submissions_by_time ON submissions (received_at, id);
CREATE INDEX submissions_by_address ON submissions (address_key, answers_hash);
CREATE INDEX submissions_by_form ON submissions (form, received_at);
CREATE INDEX quarantine ON submissions (received_at, id) WHERE quarantined_for <> '';

CREATE TABLE consents (
  submission_id text COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
  field text COLLATE "C" NOT NULL,
  wording text NOT NULL,
  PRIMARY KEY (submission_id, field)
);

CREATE TABLE events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lead_id text COLLATE "C" NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  form text NOT NULL DEFAULT '',
  detail text NOT NULL DEFAULT ''
);
CREATE INDEX events_by_lead ON events (lead_id, id);

-- A lease is a due time that is put off.
CREATE TABLE outbox (
  id text COLLATE "C" PRIMARY KEY,
  lead_id text COLLATE "C" NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  submission_id text COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
  channel text NOT NULL,
  name text NOT NULL,
  happening text NOT NULL,
  form text NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'cancelled', 'dead')),
  created_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  fence integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  reason text NOT NULL DEFAULT '',
  ended_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'due';
CREATE INDEX outbox_by_submission ON outbox (submission_id, name);
CREATE INDEX outbox_by_lead ON outbox (lead_id, form);
CREATE INDEX outbox_by_time ON outbox (created_at, id);

CREATE TABLE page_events (
  day date NOT NULL,
  kind text NOT NULL,
  page text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, kind, page)
);

CREATE TABLE idempotency_keys (
  key_hash text PRIMARY KEY,
  answers_hash text NOT NULL,
  noted_at timestamptz NOT NULL
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (noted_at);

CREATE TABLE limit_counts (
  bucket text NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (bucket, begins_at)
);
CREATE INDEX limit_counts_by_end ON limit_counts (ends_at);

-- `mark` is a keyed hash of the address: it says nothing to whoever has only the database.
CREATE TABLE suppressions (
  mark text PRIMARY KEY,
  reason text NOT NULL,
  since timestamptz NOT NULL
);
