"""Cards: pure functions between what an agent asks and what Slack shows, both ways.

`payloads.compile_card` turns any payload into one `model.Card`; `blocks`, `forms` and `details` draw it;
`forms.read_form` reads what a person gave back, and `model.decide` makes the decision of it. No I/O, no clock, no
Slack client in here.
"""
