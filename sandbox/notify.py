"""Tell a webhook about a push, as GitHub does: run by the hook that `install_webhook_hook` writes.

    python -m sandbox.notify CONFIG < "<old> <new> <ref>" lines

Nothing that goes wrong here may fail the commit: every error ends silently with exit code 0.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import secrets
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 2.0
_HOOKS = ("post-commit", "post-merge", "post-rewrite", "post-receive")

_SCRIPT = """#!/bin/sh
# Written by Moorings: tells it about new commits. Never fails and never delays a commit.
if [ "$(basename "$0")" = post-receive ]; then updates=$(cat); else
  updates="$(git rev-parse -q --verify HEAD@{{1}} 2>/dev/null || echo {zeros}) \\
$(git rev-parse HEAD) $(git symbolic-ref -q HEAD || echo HEAD)"
fi
(printf '%s\\n' "$updates" | {python} -I {module} {config} >/dev/null 2>&1 &)
exit 0
"""


def install_webhook_hook(repo_path: Path, url: str, secret_file: Path, *, repository_url: str) -> None:
    """Make a repository (a working copy, or a bare one) post to `url` when something is committed or pushed.

    `repository_url` is the address that Applications name it by; `secret_file` holds the HMAC key, and is
    read at each post. Hooks that somebody else wrote are left alone. Call it at every start: ports change.
    """
    git_dir = repo_path / ".git" if (repo_path / ".git").is_dir() else repo_path
    config = git_dir / "moorings-webhook.json"
    settings = {"url": url, "secret_file": str(secret_file.resolve()), "repository_url": repository_url}
    config.write_text(json.dumps(settings))
    script = _SCRIPT.format(
        zeros="0" * 40,
        python=shlex.quote(sys.executable),
        module=shlex.quote(str(Path(__file__).resolve())),
        config=shlex.quote(str(config.resolve())),
    )
    hooks = git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in _HOOKS:
        hook = hooks / name
        if hook.exists() and "Written by Moorings" not in hook.read_text():
            continue
        fresh = hooks / f".{name}.new"
        fresh.write_text(script)
        fresh.chmod(0o755)
        fresh.replace(hook)


def payload(update: str, repository_url: str) -> dict[str, Any]:
    """GitHub's push event for one `<old> <new> <ref>` line: the fields that receivers read."""
    before, after, ref = update.split()
    name = repository_url.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "commits": [],
        "head_commit": {"id": after},
        "repository": {
            "name": name,
            "full_name": name,
            "default_branch": "main",
            "html_url": repository_url.removesuffix(".git"),
            "clone_url": repository_url,
            "url": repository_url,
        },
    }


def post(url: str, body: bytes, secret: str) -> int:
    """POST a payload, signed with X-Hub-Signature-256; the answer's status. Only plain http on loopback."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT_SECONDS)
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": secrets.token_hex(16),
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    try:
        connection.request("POST", parts.path or "/", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> None:
    """Post one payload for each line of standard input."""
    with contextlib.suppress(Exception):
        config = json.loads(Path(sys.argv[1]).read_text())
        secret = Path(config["secret_file"]).read_text().strip()
        for line in sys.stdin.read().splitlines():
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                body = json.dumps(payload(line, config["repository_url"])).encode()
                post(config["url"], body, secret)


if __name__ == "__main__":
    main()
