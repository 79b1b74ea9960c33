"""Pictures as they come in and go out: opened safely, measured, composed."""
