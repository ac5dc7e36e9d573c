# Words of the pages; the same keys exist in Indonesian.
audit-title = Audit record
audit-lead = Every change and every look at a photograph, chained by hashes. No names, no faces.
audit-verify = Verify the chain
audit-verified = The chain is whole.
audit-verified-text = { $n } rows checked; none was changed, removed or reordered.
audit-broken = The chain is broken.
audit-broken-text = { $why } Keep the database as it is and tell the data protection officer.
audit-seq = No.
audit-when = When
audit-who = Who
audit-what = What
audit-subject = On
audit-detail = Detail
audit-newest = Newest
