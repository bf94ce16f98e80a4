"""The web application: wires surveys and the database to Flask."""
