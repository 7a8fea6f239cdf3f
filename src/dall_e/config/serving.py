"""What a server lets its clients do, and for how long it waits for them."""

from __future__ import annotations

from dataclasses import dataclass

from dall_e.config.base import check_at_least, check_kinds, require


@dataclass(frozen=True, kw_only=True)
class ReplicasConfig:
    """Replicas of a server on a cluster, which come and go with what is asked for."""

    min_replicas: int = 1
    """With --cluster: servers that there are when nobody asks."""
    max_replicas: int = 4
    """With --cluster: servers that there are at most."""
    replica_cpus: float = 1.0
    """With --cluster: processors that each of them takes."""
    replica_gpus: float = 0.0
    """With --cluster: GPUs that each of them takes."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 1, "min_replicas")
        check_at_least(self, 0, "replica_cpus", "replica_gpus")
        require(
            self.max_replicas >= self.min_replicas,
            f"max_replicas {self.max_replicas} is less than min_replicas {self.min_replicas}",
        )


@dataclass(frozen=True, kw_only=True)
class ServingConfig:
    """Limits of a server. The defaults are for one machine and a few people."""

    batch_size: int = 8
    """Pictures that are drawn together, if as many wait."""
    max_waiting: int = 64
    """Pictures that wait at most, half of them of one owner; who asks for more is told when to come
    again."""
    max_images: int = 10
    """Pictures of one request."""
    max_side: int = 1536
    """Longest side in pixels of a picture that is drawn."""
    max_upload_pixels: int = 16_000_000
    """Pixels of the largest picture that is taken in."""
    max_body_megabytes: int = 32
    """Length of the longest request."""
    waiting_megabytes: int = 512
    """Memory for pictures that were sent and wait to be changed; who sends more is told when to
    come again."""
    max_connections: int = 256
    """Connections at a time; further ones are answered 503."""
    body_seconds: float = 30.0
    """Seconds in which the whole of a request must arrive, and each piece of an answer be taken."""
    request_seconds: float = 180.0
    """Seconds after which a picture that is not done is given up."""
    requests_per_minute: int = 120
    """Requests of one key, or of one address without keys, in a minute; 0 is without limit."""
    drain_seconds: float = 60.0
    """Seconds for which what was asked for is still drawn when the server stops."""
    link_seconds: int = 3600
    """Seconds for which a link to a picture works."""
    link_megabytes: int = 256
    """Memory for the pictures behind links; the oldest go first."""
    processes: int = 1
    """Processes that draw, each with the models in its memory. On two processors a second one
    gained nothing."""
    finishing_threads: int = 2
    """Threads that make pictures of tokens, beside the one that draws tokens."""
    allow_origins: tuple[str, ...] = ()
    """Web sites whose pages may use the server, such as https://example.org; else none."""
    public_url: str = ""
    """Where clients find the server, for links; else as each of them has called it."""
    refused_words: str = ""
    """File of words, one on each line; prompts with one of them are refused. `default` is a short
    list that comes along."""
    content_filter: str = ""
    """MODULE:CALLABLE that makes a filter of prompts and pictures of your own."""
    c2pa_certificates: str = ""
    """PEM file of certificates, the signer's first: pictures get signed Content Credentials."""
    c2pa_key: str = ""
    """PEM file of the key of these certificates."""
    c2pa_prompt: bool = False
    """Let the credentials also say prompt, seed and model."""
    log_prompts: bool = False
    """Also log what is asked for; else the log says that, not what."""

    replicas: ReplicasConfig = ReplicasConfig()
    """Of --cluster."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(
            self,
            1,
            "batch_size",
            "max_waiting",
            "max_connections",
            "max_images",
            "max_upload_pixels",
            "max_body_megabytes",
            "waiting_megabytes",
            "link_seconds",
            "link_megabytes",
            "finishing_threads",
            "processes",
        )
        check_at_least(self, 16, "max_side")
        check_at_least(self, 0, "requests_per_minute", "drain_seconds")
        check_at_least(self, 0.1, "body_seconds", "request_seconds")
        require(
            self.max_images <= self.max_waiting,
            f"max_images {self.max_images} is more than max_waiting {self.max_waiting}: "
            "such a request would always be refused",
        )
        for origin in self.allow_origins:
            require(
                origin == "*" or origin.startswith(("http://", "https://")),
                f"an origin is like https://example.org, got {origin!r}",
            )
        require(
            bool(self.c2pa_certificates) == bool(self.c2pa_key),
            "c2pa_certificates and c2pa_key sign together: give both files, or neither",
        )
        require(
            not self.c2pa_prompt or bool(self.c2pa_key),
            "c2pa_prompt says what is signed: give c2pa_certificates and c2pa_key, too",
        )
        module, _, name = self.content_filter.partition(":")
        require(
            not self.content_filter or bool(module and name),
            f"content_filter is like my_filters:MyFilter, got {self.content_filter!r}",
        )
        require(
            not self.public_url or self.public_url.startswith(("http://", "https://")),
            f"public_url must start with http:// or https://, got {self.public_url!r}",
        )
