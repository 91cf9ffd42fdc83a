"""The integrate stage of dreams: `Integration` connects memories in steps; `derived` tells what came of it."""
