"""The version of Headwater, as reports name it."""

VERSION = "0.1.0"
