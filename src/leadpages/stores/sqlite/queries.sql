-- What SQLite says in its own words.

-- name: lock_lead
SELECT lead_id AS id FROM submissions WHERE id = :submission_id AND lead_id IS NOT NULL;

-- name: claim
UPDATE outbox SET due_at = :until, fence = fence + 1
WHERE id IN (
  SELECT id FROM outbox WHERE state = 'due' AND due_at <= :now AND :channels LIKE '%,' || channel || ',%'
  ORDER BY due_at, id LIMIT :limit
)
RETURNING id, channel, name, happening, form, submission_id, created_at, attempts, fence;

-- name: recipient
SELECT leads.email AS lead_email, leads.status, leads.unsubscribed_at, leads.suppressed_for, leads.risks, submissions.*,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM outbox JOIN leads ON leads.id = outbox.lead_id JOIN submissions ON submissions.id = outbox.submission_id
WHERE outbox.id = :id;

-- name: consents_of
SELECT json_group_array(json_array(field, wording)) AS consents FROM consents WHERE submission_id = :submission_id;

-- name: quarantined
SELECT submissions.*,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions
WHERE quarantined_for <> '' AND (received_at, id) < (:after_time, :after_id)
ORDER BY received_at DESC, id DESC LIMIT :limit;

-- name: leads
SELECT leads.*,
  (SELECT json_group_array(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE (leads.created_at, leads.id) < (:after_time, :after_id)
ORDER BY leads.created_at DESC, leads.id DESC LIMIT :limit;

-- name: lead
SELECT leads.*,
  (SELECT json_group_array(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT coalesce(sum(downloads), 0) FROM submissions WHERE lead_id = leads.id) AS downloads
FROM leads WHERE address_key = :address_key;

-- name: submissions
SELECT submissions.*, leads.email AS lead_email, leads.status, leads.created_at, leads.confirmed_at,
  leads.suppressed_for, leads.risks,
  (SELECT json_group_array(DISTINCT form) FROM submissions WHERE lead_id = leads.id) AS forms,
  (SELECT sum(downloads) FROM submissions WHERE lead_id = leads.id) AS lead_downloads,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions JOIN leads ON leads.id = submissions.lead_id
WHERE (submissions.received_at, submissions.id) > (:after_time, :after_id)
ORDER BY submissions.received_at, submissions.id LIMIT :limit;

-- name: submissions_of
SELECT submissions.*,
  (SELECT json_group_array(json_array(field, wording)) FROM consents WHERE submission_id = submissions.id) AS consents
FROM submissions WHERE address_key = :address_key ORDER BY received_at, id;
