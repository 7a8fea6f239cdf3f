"""From a call to pictures: prompts, seeds and settings to codes, and codes to pixels."""
