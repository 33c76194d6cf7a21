"""Commands for operators: topics, progress, the breaker, rebuilds, contracts, templates and benchmarks."""
