"""Reading and writing other tools' files; knows neither the web nor the database."""
