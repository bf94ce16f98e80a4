"""Reports for HR, managers, executives, CX managers and employees."""
