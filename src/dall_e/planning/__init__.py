"""Knowledge and rules: a prompt to a plan, and a plan to a picture."""
