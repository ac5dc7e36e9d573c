# A checkpoint that goes on when the centre cannot be reached.
standby-alone = The centre cannot be reached.
standby-alone-since = The centre cannot be reached since { $time }.
standby-catching-up = The centre answers again and is being handed what was recorded here.
standby-copies-current = This checkpoint goes on by its copies.
standby-copies-aged = This checkpoint goes on by its copies. What was ordered since is not among them.
standby-copies-old = Its copies are older than 72 hours: the desk lets nobody pass by itself. Refer every traveller to second line.
standby-copies-unknown = It has no copies whose age is known: the desk lets nobody pass by itself. Refer every traveller to second line.
standby-copies-age = Age of the copies:
