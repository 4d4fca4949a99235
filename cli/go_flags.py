"""Commands that take switches as Go programs do: `--prune`, `--prune=true`, `--prune=false`."""

from __future__ import annotations

import click

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})


class GoCommand(click.Command):
    """Scripts written for Argo CD's command give switches a value; plain click refuses one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `--switch=value` as `--switch`, as `--no-switch`, or as nothing."""
        return super().parse_args(ctx, [one for arg in args for one in self._plain(arg)])

    def _plain(self, arg: str) -> list[str]:
        name, equals, value = arg.partition("=")
        if not equals or not name.startswith("--") or value.lower() not in _TRUE | _FALSE:
            return [arg]
        for param in self.params:
            if isinstance(param, click.Option) and param.is_flag and name in param.opts:
                if value.lower() in _TRUE:
                    return [name]
                return list(param.secondary_opts[:1])
        return [arg]
