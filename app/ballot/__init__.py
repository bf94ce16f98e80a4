"""Where an employee takes their ballot: the one door between a sign-in and an answer."""
