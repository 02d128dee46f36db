-- name: find_lead
SELECT id, status, confirmation_asked_at FROM leads WHERE address_key = :address_key;

-- name: is_repeated
SELECT 1 FROM submissions
WHERE lead_id = :lead_id AND answers_hash = :answers_hash AND received_at > :since LIMIT 1;

-- name: upsert_lead
INSERT INTO leads (id, address_key, email, status, created_at, confirmation_asked_at)
VALUES (:id, :address_key, :email, :status, :now, :asked_at)
ON CONFLICT (address_key) DO UPDATE SET
  email = excluded.email,
  status = excluded.status,
  confirmation_asked_at = coalesce(excluded.confirmation_asked_at, confirmation_asked_at)
RETURNING id;

-- name: insert_submission
INSERT INTO submissions (id, lead_id, form, email, answers, answers_hash, page, language, received_at, waiting, quarantined_for)
VALUES (:id, :lead_id, :form, :email, :answers, :answers_hash, :page, :language, :received_at, :waiting, :quarantined_for);

-- name: insert_consent
INSERT INTO consents (submission_id, field, wording) VALUES (:submission_id, :field, :wording);

-- name: insert_event
INSERT INTO events (lead_id, at, kind, form, detail) VALUES (:lead_id, :at, :kind, :form, :detail);

-- name: insert_outbox
INSERT INTO outbox (id, lead_id, submission_id, mail, form, created_at, due_at)
VALUES (:id, :lead_id, :submission_id, :mail, :form, :now, :now);

-- name: submission_lead
SELECT leads.id AS lead_id, leads.status, submissions.form, submissions.downloads
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE submissions.id = :submission_id;

-- name: forms_of_lead
SELECT id, form, waiting FROM submissions WHERE lead_id = :lead_id ORDER BY received_at, id;

-- name: confirm_lead
UPDATE leads SET status = 'confirmed', confirmed_at = :now WHERE id = :lead_id;

-- name: confirm_submissions
UPDATE submissions SET waiting = 0 WHERE lead_id = :lead_id;

-- name: count_download
UPDATE submissions SET downloads = downloads + 1 WHERE id = :submission_id AND downloads < :limit;

-- name: last_queued
SELECT max(created_at) AS at FROM outbox WHERE submission_id = :submission_id AND mail = :mail;

-- name: last_delivery
SELECT max(created_at) AS at FROM outbox WHERE lead_id = :lead_id AND form = :form AND mail = 'deliver';

-- name: unsubscribe_lead
UPDATE leads SET status = 'unsubscribed', unsubscribed_at = :now WHERE id = :lead_id AND status != 'unsubscribed';

-- name: claim
UPDATE outbox SET leased_until = :until, fence = fence + 1
WHERE id IN (
  SELECT id FROM outbox WHERE state = 'due' AND due_at <= :now AND leased_until <= :now ORDER BY due_at, id LIMIT :limit
)
RETURNING id, mail, form, submission_id, created_at, attempts, fence;

-- name: recipient
SELECT leads.email, leads.status, leads.unsubscribed_at, submissions.answers, submissions.language
FROM outbox JOIN leads ON leads.id = outbox.lead_id JOIN submissions ON submissions.id = outbox.submission_id
WHERE outbox.id = :id;

-- name: end_item
UPDATE outbox SET state = :state, reason = :reason, ended_at = :now, leased_until = '', attempts = attempts + :attempted
WHERE id = :id AND fence = :fence AND state = 'due'
RETURNING lead_id;

-- name: put_off
UPDATE outbox SET due_at = coalesce(:due_at, due_at), reason = :reason, leased_until = '', attempts = attempts + :attempted
WHERE id = :id AND fence = :fence AND state = 'due';

-- name: leads
SELECT leads.id, leads.email, leads.status, leads.created_at, leads.confirmed_at,
  (SELECT json_group_array(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE (leads.created_at, leads.id) < (:after_time, :after_id)
ORDER BY leads.created_at DESC, leads.id DESC LIMIT :limit;

-- name: lead
SELECT leads.email, leads.status, leads.created_at, leads.confirmed_at,
  (SELECT json_group_array(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE address_key = :address_key;

-- name: submissions
SELECT submissions.id, submissions.form, submissions.email, submissions.answers, submissions.page,
  submissions.language, submissions.received_at, leads.email AS lead_email, leads.status, leads.created_at, leads.confirmed_at,
  json_array(submissions.form) AS forms, submissions.downloads,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE (submissions.received_at, submissions.id) > (:after_time, :after_id)
ORDER BY submissions.received_at, submissions.id LIMIT :limit;

-- name: submissions_of
SELECT submissions.id, submissions.form, submissions.email, submissions.answers, submissions.page,
  submissions.language, submissions.received_at,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE leads.address_key = :address_key ORDER BY submissions.received_at, submissions.id;

-- name: events_of
SELECT at, kind, form, detail FROM events JOIN leads ON leads.id = events.lead_id
WHERE leads.address_key = :address_key ORDER BY events.id;

-- name: count_page_event
INSERT INTO page_events (day, kind, page, count) VALUES (:day, :kind, :page, 1)
ON CONFLICT (day, kind, page) DO UPDATE SET count = count + 1;
