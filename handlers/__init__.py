"""One module per resource of the contract, one function per operationId: call the engine, reply."""
