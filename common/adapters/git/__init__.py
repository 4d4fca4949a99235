"""Git: bare mirrors on disk, read by pygit2; asked over the network by libgit2, or by the git command for
what libgit2 cannot do (SSH with known hosts, client certificates, other authorities, proxies).
"""

from common.adapters.git.limits import GitLimits
from common.adapters.git.reader import GitMirrors

__all__ = ["GitLimits", "GitMirrors"]
