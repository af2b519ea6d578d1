"""`crmhub completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

#: The variable by which a shell asks `crmhub` for words.
_VARIABLE = "_CRMHUB_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what lets a shell complete commands and options.

    \b
    eval "$(crmhub completion bash)"       in ~/.bashrc; zsh likewise in ~/.zshrc
    crmhub completion fish | source        in ~/.config/fish/config.fish
    """
    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"no completion is known for {shell}")
    click.echo(script(context.find_root().command, {}, "crmhub", _VARIABLE).source())
