"""Organisation, questionnaires, waves, touchpoints."""
