"""What a user can do with the tool, callable from Python: it prints nothing and asks on no terminal (`app.events`)."""
