"""The child of `common.adapters.jq`: a line of JSON in, a line of JSON out, under limits of its own."""

from __future__ import annotations

import resource
import sys

import jq
import orjson

MEMORY_BYTES = 512 << 20


def main() -> None:
    """Answer until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    out = sys.stdout.buffer
    out.write(b"{}\n")
    out.flush()
    for line in sys.stdin.buffer:
        question = orjson.loads(line)
        try:
            made = jq.compile(question["expression"]).input_value(question["document"]).first()
            answer = {"document": made}
        except (ValueError, StopIteration, MemoryError) as error:
            answer = {"error": str(error).splitlines()[0] if str(error) else "it gives nothing"}
        out.write(orjson.dumps(answer) + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
