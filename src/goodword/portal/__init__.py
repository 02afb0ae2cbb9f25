"""The pages that people see: made on the server, whole without a script, in their language, right-to-left where due."""
