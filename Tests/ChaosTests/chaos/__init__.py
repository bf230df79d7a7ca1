"""Faults for real: the cases of scripts/chaos against our executables, Apache Kafka, PostgreSQL and Redis."""
