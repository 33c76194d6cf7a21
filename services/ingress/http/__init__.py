"""HTTP mechanics: admission, bodies, responses, middleware and routing."""
