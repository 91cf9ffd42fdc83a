"""The integrate stage of dreams: `Integration` connects memories in steps and tells what came of it."""
