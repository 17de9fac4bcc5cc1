class StackError(Exception):
    """Something a person can mend; the message says what and how."""
