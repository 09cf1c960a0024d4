"""What a mail names, how urgent and how angry it is, and what must not leave the process.

Rules with check digits, a product catalogue and patterns learned from examples; no network, no model file of its own:
all that is learned travels as JSON (`spec.EntitiesSpec`). Not here: intents (`_models`) and reading mails (`_mail`).
"""
