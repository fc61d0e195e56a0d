"""Rules as data: one pure module a rule kind."""
