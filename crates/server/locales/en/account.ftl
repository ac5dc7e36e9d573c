# Words of the pages; the same keys exist in Indonesian.
account-many = Accounts
account-name = Name
account-role = Role
account-place = Place
account-all-sites = all sites
account-state = State
account-open = open
account-closed = closed
account-must-change = one-time password
account-actions = Actions
account-reset = New password
account-close = Close
account-new = New account
account-add = Open account
account-one-time-title = One-time password for { $name }
account-one-time-text = Shown this once only. Hand it over in person; it must be changed at the first sign-in.
account-closed-notice = The account is closed and its sessions are ended.
