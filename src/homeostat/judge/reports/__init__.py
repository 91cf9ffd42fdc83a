"""Reports: all that is known of one recording, with what comes next and what to do."""
