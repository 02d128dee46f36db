"""`leadpages serve`."""

from __future__ import annotations

from pathlib import Path

import click

from leadpages.build.sources import SITE
from leadpages.cli.options import project_option
from leadpages.cli.problems import print_error
from leadpages.core.errors import LeadpagesError
from leadpages.core.times import now
from leadpages.preview.server import HOST, Preview, PreviewApp, serve


@click.command()
@project_option
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--drafts", is_flag=True, help="Also show drafts and posts of the future.")
def command(project: Path, port: int, drafts: bool) -> None:
    """Show the site while you write it, with working forms and a mailbox at /_/mail.

    Rebuilds and reloads the browser when a file is saved. Answers on this machine only.
    """
    if not (project / SITE).is_dir():
        raise LeadpagesError(
            f"there is no {SITE}/ folder in {project.resolve()}", "start a project with `leadpages init`"
        )
    preview = Preview(project.resolve(), f"http://{HOST}:{port}", drafts, now, _report)
    app = PreviewApp(preview)
    server = serve(app, port)
    try:
        if fault := app.start():
            print_error(fault)
        click.echo(f"{preview.url}/  (mailbox at /_/mail, Ctrl-C stops)")
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        app.close()


def _report(fault: LeadpagesError | None) -> None:
    if fault is None:
        click.echo("Rebuilt.", err=True)
    else:
        print_error(fault)
