-- What every SQL store says in the same words. Gaps are `:name`.

-- name: find_lead
SELECT id FROM leads WHERE address_key = :address_key;

-- One row, also for an address that is nobody's yet.
-- name: standing
SELECT leads.id, leads.status, leads.confirmation_asked_at,
  EXISTS (SELECT 1 FROM submissions WHERE id = :id) OR EXISTS (
    SELECT 1 FROM submissions WHERE address_key = :address_key AND answers_hash = :answers_hash
      AND received_at > :since AND quarantined_for = ''
  ) AS is_repeated,
  (
    SELECT max(created_at) FROM outbox
    WHERE lead_id = leads.id AND form = :form AND channel = 'mail' AND name = 'deliver'
  ) AS delivery_queued_at
FROM (SELECT 1) AS one LEFT JOIN leads ON leads.address_key = :address_key;

-- name: find_key
SELECT answers_hash FROM idempotency_keys WHERE key_hash = :key_hash AND noted_at > :since;

-- name: note_key
INSERT INTO idempotency_keys (key_hash, answers_hash, noted_at) VALUES (:key_hash, :answers_hash, :now)
ON CONFLICT (key_hash) DO UPDATE SET answers_hash = excluded.answers_hash, noted_at = excluded.noted_at
WHERE idempotency_keys.noted_at <= :since;

-- name: forget_keys
DELETE FROM idempotency_keys WHERE noted_at <= :before;

-- name: count_towards
INSERT INTO limit_counts (bucket, begins_at, ends_at, count) VALUES (:bucket, :begins_at, :ends_at, :more)
ON CONFLICT (bucket, begins_at) DO UPDATE SET count = limit_counts.count + excluded.count
RETURNING count;

-- name: find_count
SELECT count FROM limit_counts WHERE bucket = :bucket AND begins_at = :begins_at;

-- name: forget_counts
DELETE FROM limit_counts WHERE ends_at <= :now;

-- name: upsert_lead
INSERT INTO leads (id, address_key, email, status, created_at, confirmation_asked_at)
VALUES (:id, :address_key, :email, :status, :now, :asked_at)
ON CONFLICT (address_key) DO UPDATE SET
  email = excluded.email,
  status = excluded.status,
  confirmation_asked_at = coalesce(excluded.confirmation_asked_at, leads.confirmation_asked_at);

-- name: insert_submission
INSERT INTO submissions (id, lead_id, form, email, address_key, answers, answers_hash, files, page, language, received_at,
  waiting, quarantined_for)
VALUES (:id, :lead_id, :form, :email, :address_key, :answers, :answers_hash, :files, :page, :language, :received_at,
  :waiting, :quarantined_for)
ON CONFLICT (id) DO NOTHING;

-- name: insert_consent
INSERT INTO consents (submission_id, field, wording) VALUES (:submission_id, :field, :wording);

-- name: insert_event
INSERT INTO events (lead_id, at, kind, form, detail) VALUES (:lead_id, :at, :kind, :form, :detail);

-- name: insert_outbox
INSERT INTO outbox (id, lead_id, submission_id, channel, name, happening, form, created_at, due_at)
VALUES (:id, :lead_id, :submission_id, :channel, :name, :happening, :form, :now, :now);

-- name: submission_lead
SELECT leads.id AS lead_id, leads.status, submissions.form, submissions.downloads, submissions.revoked
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE submissions.id = :submission_id;

-- name: forms_of_lead
SELECT id, form, waiting FROM submissions WHERE lead_id = :lead_id ORDER BY received_at, id;

-- name: confirm_lead
UPDATE leads SET status = 'confirmed', confirmed_at = :now WHERE id = :lead_id;

-- name: confirm_submissions
UPDATE submissions SET waiting = FALSE WHERE lead_id = :lead_id;

-- name: count_download
UPDATE submissions SET downloads = downloads + 1
WHERE id = :submission_id AND downloads < :limit AND revoked = FALSE AND lead_id IS NOT NULL;

-- name: revoke_downloads
UPDATE submissions SET revoked = TRUE WHERE lead_id = :lead_id AND revoked = FALSE;

-- name: last_queued
SELECT max(created_at) AS at FROM outbox WHERE submission_id = :submission_id AND channel = 'mail' AND name = :name;

-- name: unsubscribe_lead
UPDATE leads SET status = 'unsubscribed', unsubscribed_at = :now WHERE id = :lead_id AND status <> 'unsubscribed';

-- name: note_risks
UPDATE leads SET risks = :risks WHERE address_key = :address_key;

-- name: end_item
UPDATE outbox SET state = :state, reason = :reason, ended_at = :now, attempts = attempts + :attempted
WHERE id = :id AND fence = :fence AND state = 'due'
RETURNING lead_id;

-- name: put_off
UPDATE outbox SET due_at = :due_at, reason = :reason, fence = fence + 1, attempts = attempts + :attempted
WHERE id = :id AND fence = :fence AND state = 'due';

-- name: requeue
UPDATE outbox SET state = 'due', due_at = :now, attempts = 0, reason = '', ended_at = NULL, fence = fence + 1
WHERE id = :id AND state <> 'due';

-- name: bury
UPDATE outbox SET state = 'dead', reason = 'buried by hand', ended_at = :now, fence = fence + 1
WHERE id = :id AND state = 'due';

-- name: outbox
SELECT outbox.id, channel, name, form, leads.email, state, attempts, reason, outbox.created_at, due_at, ended_at
FROM outbox JOIN leads ON leads.id = outbox.lead_id
WHERE (outbox.created_at, outbox.id) < (:after_time, :after_id) AND :states LIKE '%,' || state || ',%'
ORDER BY outbox.created_at DESC, outbox.id DESC LIMIT :limit;

-- name: delete_submission
DELETE FROM submissions WHERE id = :submission_id;

-- name: take_quarantined
SELECT * FROM submissions WHERE id = :submission_id AND quarantined_for <> '';

-- name: quarantined_files
SELECT files, address_key FROM submissions WHERE quarantined_for <> '' AND received_at < :before;

-- name: empty_quarantine
DELETE FROM submissions WHERE quarantined_for <> '' AND received_at < :before;

-- name: find_suppression
SELECT reason FROM suppressions WHERE mark = :mark;

-- name: insert_suppression
INSERT INTO suppressions (mark, reason, since) VALUES (:mark, :reason, :now)
ON CONFLICT (mark) DO UPDATE SET reason = excluded.reason, since = excluded.since;

-- name: delete_suppression
DELETE FROM suppressions WHERE mark = :mark;

-- name: suppress_lead
UPDATE leads SET suppressed_for = :reason WHERE address_key = :address_key RETURNING id;

-- name: files_of
SELECT files FROM submissions WHERE address_key = :address_key;

-- name: delete_submissions_of
DELETE FROM submissions WHERE address_key = :address_key;

-- name: delete_lead
DELETE FROM leads WHERE address_key = :address_key;

-- name: expired
SELECT files, address_key FROM submissions WHERE form = :form AND received_at < :before;

-- name: files_left
SELECT files FROM submissions WHERE address_key = :address_key AND NOT (form = :form AND received_at < :before);

-- name: delete_expired
DELETE FROM submissions WHERE form = :form AND received_at < :before;

-- name: expiring_leads
SELECT email, status FROM leads
WHERE id IN (SELECT lead_id FROM submissions WHERE form = :form AND received_at < :before)
AND NOT EXISTS (SELECT 1 FROM submissions WHERE lead_id = leads.id AND NOT (form = :form AND received_at < :before));

-- name: events_of
SELECT at, kind, form, detail FROM events JOIN leads ON leads.id = events.lead_id
WHERE leads.address_key = :address_key ORDER BY events.id;

-- name: count_page_event
INSERT INTO page_events (day, kind, page, count) VALUES (:day, :kind, :page, 1)
ON CONFLICT (day, kind, page) DO UPDATE SET count = page_events.count + 1;

-- All that is copied from store to store: for each kind, what comes after a key, and taking it in.

-- name: leads_after
SELECT * FROM leads WHERE id > :id ORDER BY id LIMIT :limit;

-- name: load_leads
INSERT INTO leads (id, address_key, email, status, created_at, confirmed_at, confirmation_asked_at, unsubscribed_at,
  suppressed_for, risks)
VALUES (:id, :address_key, :email, :status, :created_at, :confirmed_at, :confirmation_asked_at, :unsubscribed_at,
  :suppressed_for, :risks);

-- name: submissions_after
SELECT * FROM submissions WHERE id > :id ORDER BY id LIMIT :limit;

-- name: load_submissions
INSERT INTO submissions (id, lead_id, form, email, address_key, answers, answers_hash, files, page, language, received_at,
  waiting, downloads, revoked, quarantined_for)
VALUES (:id, :lead_id, :form, :email, :address_key, :answers, :answers_hash, :files, :page, :language, :received_at,
  :waiting, :downloads, :revoked, :quarantined_for);

-- name: consents_after
SELECT * FROM consents WHERE (submission_id, field) > (:submission_id, :field)
ORDER BY submission_id, field LIMIT :limit;

-- name: load_consents
INSERT INTO consents (submission_id, field, wording) VALUES (:submission_id, :field, :wording);

-- name: events_after
SELECT * FROM events WHERE id > :id ORDER BY id LIMIT :limit;

-- They come in their order, which is all that their numbers say.
-- name: load_events
INSERT INTO events (lead_id, at, kind, form, detail) VALUES (:lead_id, :at, :kind, :form, :detail);

-- name: outbox_after
SELECT * FROM outbox WHERE id > :id ORDER BY id LIMIT :limit;

-- name: load_outbox
INSERT INTO outbox (id, lead_id, submission_id, channel, name, happening, form, state, created_at, due_at, fence, attempts,
  reason, ended_at)
VALUES (:id, :lead_id, :submission_id, :channel, :name, :happening, :form, :state, :created_at, :due_at, :fence, :attempts,
  :reason, :ended_at);

-- name: suppressions_after
SELECT * FROM suppressions WHERE mark > :mark ORDER BY mark LIMIT :limit;

-- name: load_suppressions
INSERT INTO suppressions (mark, reason, since) VALUES (:mark, :reason, :since);

-- name: page_events_after
SELECT * FROM page_events WHERE (day, kind, page) > (:day, :kind, :page) ORDER BY day, kind, page LIMIT :limit;

-- name: load_page_events
INSERT INTO page_events (day, kind, page, count) VALUES (:day, :kind, :page, :count);
