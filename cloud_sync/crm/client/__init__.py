"""What the clients of all kinds of CRM share: guarded requests, budgets, the circuit breaker, labels, windows."""
