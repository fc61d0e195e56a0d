"""What crosses a process or a disk: messages, code lists, tables, errors."""
