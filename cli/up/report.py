"""What `moor up` tells a person once everything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.up.run import Ready


def report(ready: Ready) -> str:
    """The addresses, and three things to try."""
    lines = [
        "",
        "Moorings is up. Ctrl-C stops it; the next start goes on from here.",
        "",
        f"  Page         {ready.login_url}",
        "               (the link logs you in once; later: admin, password below)",
        f"  Password     {ready.password or '(changed; see argocd-secret)'}",
        f"  kubectl      export KUBECONFIG={ready.kubeconfig}",
    ]
    if not ready.repository_path:
        return "\n".join([*lines, f"  Metrics      {ready.metrics_urls[0]}", ""])
    kubectl = ready.kubectl or "kubectl"
    guestbook = f"{ready.repository_path}/apps/guestbook"
    return "\n".join(
        [
            *lines,
            f"  Repository   {ready.repository_path}",
            "",
            "Three things to try:",
            f"  1. Change a file below {guestbook} and commit:",
            f"       git -C {ready.repository_path} commit -am 'Change the guestbook'",
            "     It is live within two seconds.",
            "  2. Break something by hand, and watch it come back:",
            f"       {kubectl} -n guestbook delete deployment --all",
            "  3. See how long it took:",
            f"       curl -s {ready.metrics_urls[0]} | grep moorings_sync",
            "",
        ]
    )
