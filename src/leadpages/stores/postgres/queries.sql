-- What PostgreSQL says in its own words.

-- name: lock_address
SELECT pg_advisory_xact_lock(hashtextextended(:address_key, 0));

-- The lead stays as it is until the transaction ends, whoever confirms or unsubscribes meanwhile.
-- name: standing
WITH lead AS MATERIALIZED (
  SELECT id, status, confirmation_asked_at FROM leads WHERE address_key = :address_key FOR NO KEY UPDATE
)
SELECT lead.id, lead.status, lead.confirmation_asked_at,
  EXISTS (SELECT 1 FROM submissions WHERE id = :id) OR EXISTS (
    SELECT 1 FROM submissions WHERE address_key = :address_key AND answers_hash = :answers_hash
      AND received_at > :since AND quarantined_for = ''
  ) AS is_repeated,
  (
    SELECT max(created_at) FROM outbox
    WHERE lead_id = lead.id AND form = :form AND channel = 'mail' AND name = 'deliver'
  ) AS delivery_queued_at
FROM (SELECT 1) AS one LEFT JOIN lead ON TRUE;

-- name: lock_lead
SELECT leads.id FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE submissions.id = :submission_id FOR UPDATE OF leads;

-- name: claim
WITH next AS MATERIALIZED (
  SELECT id FROM outbox WHERE state = 'due' AND due_at <= :now AND :channels LIKE '%,' || channel || ',%'
  ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET due_at = :until, fence = fence + 1 FROM next WHERE outbox.id = next.id
RETURNING outbox.id, channel, name, happening, form, submission_id, created_at, attempts, fence;

-- name: recipient
SELECT leads.email AS lead_email, leads.status, leads.unsubscribed_at, leads.suppressed_for, leads.risks, submissions.*,
  (SELECT coalesce(json_agg(json_build_array(field, wording) ORDER BY field), '[]')
    FROM consents WHERE submission_id = submissions.id) AS consents
FROM outbox JOIN leads ON leads.id = outbox.lead_id JOIN submissions ON submissions.id = outbox.submission_id
WHERE outbox.id = :id;

-- name: consents_of
SELECT coalesce(json_agg(json_build_array(field, wording) ORDER BY field), '[]') AS consents
FROM consents WHERE submission_id = :submission_id;

-- name: quarantined
SELECT submissions.*,
  (SELECT coalesce(json_agg(json_build_array(field, wording) ORDER BY field), '[]')
    FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions
WHERE quarantined_for <> '' AND (received_at, id) < (:after_time, :after_id)
ORDER BY received_at DESC, id DESC LIMIT :limit;

-- name: leads
SELECT leads.*,
  (SELECT coalesce(json_agg(DISTINCT form), '[]') FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE (leads.created_at, leads.id) < (:after_time, :after_id)
ORDER BY leads.created_at DESC, leads.id DESC LIMIT :limit;

-- name: lead
SELECT leads.*,
  (SELECT coalesce(json_agg(DISTINCT form), '[]') FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE address_key = :address_key;

-- name: submissions
SELECT submissions.*, leads.email AS lead_email, leads.status, leads.created_at, leads.confirmed_at,
  leads.suppressed_for, leads.risks,
  (SELECT json_agg(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT sum(downloads) FROM submissions WHERE lead_id = leads.id) AS lead_downloads,
  (SELECT coalesce(json_agg(json_build_array(field, wording) ORDER BY field), '[]')
    FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE (submissions.received_at, submissions.id) > (:after_time, :after_id)
ORDER BY submissions.received_at, submissions.id LIMIT :limit;

-- name: submissions_of
SELECT submissions.*,
  (SELECT coalesce(json_agg(json_build_array(field, wording) ORDER BY field), '[]')
    FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions WHERE address_key = :address_key ORDER BY received_at, id;
