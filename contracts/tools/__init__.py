"""Generate schemas, examples and the AsyncAPI document from the models, and check their compatibility."""
