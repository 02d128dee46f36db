"""The `leadpages` command. Each subcommand is a module, imported when it is called.

Exit codes: 0 done, 1 problems in the project or a fault while working, 2 wrong usage.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Final

import click

from leadpages import __version__
from leadpages.core.errors import LeadpagesError

_COMMANDS: Final = {
    "init": "Start a project that builds and serves at once.",
    "new": "Write a new post or landing page.",
    "import": "Turn plain text into posts.",
    "build": "Write public/ and bundle/.",
    "check": "Report every problem that a build would, and write nothing.",
    "serve": "Show the site while you write it, with working forms and a mailbox.",
    "deploy-kit": "Write what a host needs to run the site.",
    "blocks": "List the blocks that pages are made of.",
    "leads": "List, show and export leads.",
    "deliver": "Send the mails that are due, and call the web hooks.",
    "outbox": "List, retry and bury what is sent.",
    "bounces": "Take in mails that came back.",
    "migrate": "Bring the tables of the database up to date.",
    "store": "Copy all leads from one database into another.",
    "files": "Put gated files into the bucket that they are given out from.",
    "doctor": "Say what of the handler and its worker is in order.",
    "openapi": "Print what programs may send to the forms.",
    "quarantine": "Look at what was taken for spam, and let it count or go.",
    "privacy": "Export or erase what is kept about an address; send it nothing more.",
}


class _Commands(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"leadpages.cli.{cmd_name.replace('-', '_')}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leadpages")
def cli() -> None:
    """Write Markdown, publish a site whose forms work, and own the leads."""


def main() -> None:
    """Run the command line; errors of ours become a message on stderr and exit code 1."""
    try:
        cli()
    except LeadpagesError as error:
        from leadpages.cli.problems import print_error

        print_error(error)
        sys.exit(1)
    except ModuleNotFoundError as error:  # where a deploy kit's wheel is installed, there is no build
        click.echo(f"error: this command needs {error.name}, which is not installed here", err=True)
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # `leadpages leads list | head`
            sys.stderr.close()
            sys.exit(0)
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        sys.exit(1)
    finally:
        # All of it goes with the process: to look for garbage first is a fourteenth of a build of 1,000 posts.
        gc.freeze()
