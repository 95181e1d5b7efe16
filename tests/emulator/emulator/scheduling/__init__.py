"""EventBridge Scheduler: what is kept, what is refused, and what happens when the time has come."""
