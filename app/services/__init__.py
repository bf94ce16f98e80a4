"""What the application does: one module per noun, one function per deed; never commits."""
