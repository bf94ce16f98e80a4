"""The data-protection pack of a wave: papers filled in from what is really set."""
