"""`leadpages serve`."""

from __future__ import annotations

from pathlib import Path

import click

from leadpages.build.inputs import SITE
from leadpages.cli.options import project_option
from leadpages.cli.problems import print_error, print_problems
from leadpages.cli.progress import progress_bar
from leadpages.core.errors import LeadpagesError
from leadpages.core.times import now
from leadpages.preview.server import HOST, Outcome, Preview, PreviewApp, serve


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
        with progress_bar(False) as progress:
            outcome = app.start(progress)
        _print_faults(outcome)
        click.echo(f"{preview.url}/  (mailbox at /_/mail, Ctrl-C stops)")
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        app.close()


def _report(outcome: Outcome) -> None:
    if not isinstance(outcome, LeadpagesError):
        count = outcome.changed
        what = f"{count} file{'' if count == 1 else 's'} changed" if count else "nothing changed"
        click.echo(f"Rebuilt in {outcome.seconds:.2f} s: {what}", err=True)
    _print_faults(outcome)


def _print_faults(outcome: Outcome) -> None:
    if isinstance(outcome, LeadpagesError):
        print_error(outcome)
    else:
        print_problems(outcome.warnings)
