"""The charts: functions that return a matplotlib `Figure` without using pyplot and its global state."""
