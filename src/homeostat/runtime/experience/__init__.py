"""Experience: what people do and say of an application, kept under pseudonyms and for a time."""
