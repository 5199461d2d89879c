"""The pictures of a run: functions that return a matplotlib `Figure`, drawn without pyplot and its global state."""
