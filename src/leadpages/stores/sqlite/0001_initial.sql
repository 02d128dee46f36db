CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  address_key TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'received', 'confirmed', 'unsubscribed')),
  created_at TEXT NOT NULL,
  confirmed_at TEXT,
  confirmation_asked_at TEXT,
  unsubscribed_at TEXT
) STRICT;

CREATE INDEX leads_by_time ON leads (created_at, id);

-- lead_id is empty for a quarantined submission: it must not make a lead.
CREATE TABLE submissions (
  id TEXT PRIMARY KEY,
  lead_id TEXT REFERENCES leads (id) ON DELETE CASCADE,
  form TEXT NOT NULL,
  email TEXT NOT NULL,
  answers TEXT NOT NULL,
  answers_hash TEXT NOT NULL,
  page TEXT NOT NULL,
  language TEXT NOT NULL DEFAULT '',
  received_at TEXT NOT NULL,
  waiting INTEGER NOT NULL DEFAULT 0,
  downloads INTEGER NOT NULL DEFAULT 0,
  quarantined_for TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX submissions_by_lead ON submissions (lead_id, received_at);
CREATE INDEX submissions_by_time ON submissions (received_at, id);

CREATE TABLE consents (
  submission_id TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  wording TEXT NOT NULL,
  PRIMARY KEY (submission_id, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  lead_id TEXT NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  form TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX events_by_lead ON events (lead_id, id);

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  lead_id TEXT NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  submission_id TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
  mail TEXT NOT NULL,
  form TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'cancelled', 'dead')),
  created_at TEXT NOT NULL,
  due_at TEXT NOT NULL,
  leased_until TEXT NOT NULL DEFAULT '',
  fence INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  ended_at TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'due';
CREATE INDEX outbox_by_submission ON outbox (submission_id, mail);
CREATE INDEX outbox_by_lead ON outbox (lead_id, form);

CREATE TABLE page_events (
  day TEXT NOT NULL,
  kind TEXT NOT NULL,
  page TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (day, kind, page)
) STRICT, WITHOUT ROWID;
