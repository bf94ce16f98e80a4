"""The entry for a WSGI server: `application`."""

from app import create_app

application = create_app()
