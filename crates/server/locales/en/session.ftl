# Words of the pages; the same keys exist in Indonesian.
session-sign-in = Sign in
session-sign-out = Sign out
session-username = User name
session-password = Password
session-help = Forgot your password? The system administrator of your site can give you a one-time password.
session-wrong = The user name or the password is not right.
session-wrong-text = Check capital letters and the keyboard layout, then try again.
session-wait = Too many tries.
session-wait-text = Wait { $wait }, then try again. The wait protects your account from people who guess.
session-ended = Your session has ended.
session-ended-text = A session ends after 30 minutes without use. Sign in again; you come back to where you were.
session-signed-out = You are signed out.
session-change-password = Change password
session-must-change = You signed in with a one-time password. Choose your own to go on.
session-one-time = One-time password
session-old-password = Present password
session-new-password = New password
session-new-again = New password, once more
session-password-rule = At least 15 characters. A sentence is easy to remember.
session-save-password = Save password
session-changed = Password changed.
session-changed-text = Sign in with the new one.
session-not-alike = The two new passwords differ.
session-not-alike-text = Type the same new password twice.
password-too_short = The password is too short: at least 15 characters.
password-too_long = The password is too long: at most 256 characters.
password-guessable = The password is easy to guess: it must not contain your user name or repeat one character.
duration-seconds =
    { $n ->
        [one] { $n } second
       *[other] { $n } seconds
    }
duration-minutes =
    { $n ->
        [one] { $n } minute
       *[other] { $n } minutes
    }
session-wrong-password = The present password is not right.
session-same-password = Choose another password than the present one.
