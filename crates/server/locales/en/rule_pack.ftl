# Words of the pages; the same keys exist in Indonesian.
rule-pack-many = Rule packs
rule-pack-one = Pack
rule-pack-lead = The law as data: how long an order may hold, who may ask for it, why, and what an officer may do. A change needs two people. What was decided under a pack stays as it was decided.
rule-pack-law = Law
rule-pack-from = Holds from
rule-pack-checked = Checked
rule-pack-read = { $n } of { $all } values checked against the text
rule-pack-now = holds today
rule-pack-later = holds later
rule-pack-before = for earlier days
rule-pack-waiting = Proposed change of { $id }
rule-pack-sign = Change
rule-pack-line = Line
rule-pack-past = Decided changes
rule-pack-decision-approve = approved
rule-pack-decision-reject = rejected
rule-pack-decision-withdraw = taken back
rule-pack-kinds = Kinds of orders
rule-pack-first = First period, at most
rule-pack-who = Who may ask
rule-pack-not-read = not checked
rule-pack-reasons = Reasons
rule-pack-months = { $n } { $n ->
    [one] month
   *[other] months
}
rule-pack-days = { $n } { $n ->
    [one] day
   *[other] days
}
rule-pack-times = { $most } each, { $times } times at most
rule-pack-often = { $most } each, as often as needed
rule-pack-no-extension = none
rule-pack-propose = Propose a change
rule-pack-propose-text = Change the text, say why, and another policy administrator decides. With a new id and a new first day it becomes a new pack.
rule-pack-text = Text of the pack (TOML)
problem-bad_pack = This is not a lawful rule pack.
problem-no_change = Nothing is changed: this is the pack in place.
