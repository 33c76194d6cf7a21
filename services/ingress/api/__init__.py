"""The description of the HTTP interface: operations, examples and the OpenAPI document."""
