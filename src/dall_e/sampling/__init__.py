"""Drawing tokens: pure functions for noise, orders and logits under one decode loop."""
