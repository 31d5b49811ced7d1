"""Everything between Slack and the runtime, both ways: listeners call use cases, run events become cards."""
