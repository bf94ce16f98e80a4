"""A promise for waves of tests."""

from surveys.promises import Promise

PROMISE = Promise(
    purposes="To find out what helps people in their work.",
    readers="Teams read their own figures; HR reads all figures and comments.",
    contact="Works council, room 12",
    keep_rosters_days=100,
    keep_results_months=36,
)
