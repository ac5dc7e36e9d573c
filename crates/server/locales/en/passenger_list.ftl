# Passenger lists of carriers.
nav-passenger-lists = Passenger lists
passenger-list-many = Passenger lists
passenger-list-one = Passenger list
passenger-list-lead = Who is announced by carriers. The pre-screening says board or refer; only a person says no.
passenger-list-none = No list has come
passenger-list-none-text = Carriers hand in their lists (PAXLST) with their own key. A list is deleted a day after the arrival.
passenger-list-quiet = nobody answers
passenger-list-decided = all decided
passenger-list-waiting = { $n ->
    [one] one to look at
   *[other] { $n } to look at
  }
passenger-list-kind-passengers = passengers
passenger-list-kind-crew = crew
passenger-journey = Journey
passenger-route = Route
passenger-departs = Departs
passenger-arrives = Arrives
passenger-whom = Whom
passenger-accepted = Accepted
passenger-left-out = Left out
passenger-came = Received
passenger-times = Times of departure and arrival are those of the place.
passenger-referred = To be looked at
passenger-referred-none = Nobody on this list answers an order in force.
passenger-others = The others
passenger-others-none = Nobody else is kept.
passenger-n = No.
passenger-notes = Notes
passenger-crew = crew
passenger-in-transit = in transit
passenger-hit-over = The order that answered is no longer in force.
passenger-reason = Why
passenger-board = May board
passenger-no-board = May not board
passenger-citizen = A citizen always boards; the checkpoint decides what is done.
passenger-decided-board = may board
passenger-decided-no_board = may not board
problem-not_referred = Only somebody whom the pre-screening refers is decided about.
problem-citizen_boards = A citizen cannot be kept from boarding. At the checkpoint the rule table says what is done.
problem-reason_missing = Say why, in 3 to 500 characters.
