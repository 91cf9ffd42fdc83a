"""Experience: what people say of an application and how they fare with it, as numbers with their interval."""
