"""Words: numbers, amounts and moments as a person writes and reads them."""
