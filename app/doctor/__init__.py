"""The doctor: what in this installation would weaken the promise made to employees."""
