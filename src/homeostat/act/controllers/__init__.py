"""Controllers: each looks at how things stand and proposes changes; none applies any."""
