"""A server that draws: OpenAI's images API and more, over one queue. Needs the extra `serve`."""
