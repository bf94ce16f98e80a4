"""What a survey is and what it promises; plain Python that knows neither web nor database."""
