"""Hours under load: does anything grow, fall behind or go wrong? What scripts/soak runs."""
