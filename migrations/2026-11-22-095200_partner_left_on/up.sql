-- The day on which a partner left the programme: from then on nothing is guaranteed to it, and what
-- it is owed is paid however little it is.
ALTER TABLE partners ADD COLUMN left_on DATE;
UPDATE partners SET left_on = COALESCE(
    (SELECT DATE(MAX(a.happened_at)) FROM audit_events a
        WHERE a.tenant_id = partners.tenant_id AND a.subject_id = partners.id AND a.action = 'partner_changed'),
    DATE(created_at))
WHERE status = 'left';
