"""Where drawing happens: one worker per device, in a process of its own or in a thread."""
