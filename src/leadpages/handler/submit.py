"""`/f/FORM`: the form on a page of its own (GET), and taking in what was typed (POST)."""

from __future__ import annotations

from contextlib import closing, suppress
from functools import partial
from math import ceil
from urllib.parse import unquote, urlsplit

from leadpages.core.bundle import Edition
from leadpages.core.forms import (
    CHECK_FIELD,
    NEXT_FIELD,
    PAGE_FIELD,
    STARTED_FIELD,
    FieldError,
    Form,
    Rejected,
    clean_text,
    has_control_characters,
    validate,
)
from leadpages.core.ids import new_id
from leadpages.core.logs import log
from leadpages.core.times import describe_duration
from leadpages.core.translations import Catalog
from leadpages.core.urls import SUBMIT, is_handler_path, origin
from leadpages.handler.challenges import judge, pose, press_token
from leadpages.handler.guards import check_origin, idempotency_key, limits, reason_to_quarantine, start_token
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import Refusal, not_found
from leadpages.handler.replies import Reply, error_reply, json_reply, see_other
from leadpages.handler.requests import Posted, Request, read_form, wants_json
from leadpages.handler.service import Service
from leadpages.handler.uploads import Staging, described
from leadpages.leads.intake import take_in
from leadpages.leads.model import Submission
from leadpages.stores.protocol import Limited, Receipt


def answer(service: Service, pages: Pages, request: Request, name: str) -> Reply:
    """Show the form, or take it in.

    Raises Refusal for an unknown form, a foreign origin or an unreadable body, StorageError when the
    submission could not be kept.
    """
    edition = service.bundle.edition(request.language)
    form = edition.forms.get(name)
    if form is None:
        raise not_found()
    if request.method != "POST":
        now = service.clock()
        started = start_token(service.tokens, now)
        if wants_json(request):
            posed = pose(service.tokens, form, now) if form.challenge == "altcha" else {}
            return json_reply({"started": started, **posed})
        query = request.query
        given = {field.name: query[field.name] for field in form.fields if field.prefill and field.name in query}
        return _show_form(service, pages, request, edition, form, Rejected((), given), {STARTED_FIELD: [started]})
    check_origin(request, service.origins)
    with closing(request), closing(Staging(service.files)) as staging:  # and the files in it
        return _take_in(service, pages, request, edition, form, staging)


def _take_in(service: Service, pages: Pages, request: Request, edition: Edition, form: Form, staging: Staging) -> Reply:
    posted, files = read_form(request, form)
    if NEXT_FIELD in posted:
        log.info("%s: `_next` of form %s is ignored: `thank_you` in its file says where to go", request.id, form.name)
    uploads = {name: [described(file) for file in found] for name, found in files.items()}
    outcome = validate(form, posted, edition.catalog, uploads)
    if checked := posted.get(CHECK_FIELD):
        errors = outcome.errors if isinstance(outcome, Rejected) else ()
        return json_reply({"errors": [_as_json(e) for e in errors if e.field in checked]})
    if isinstance(outcome, Rejected):
        if wants_json(request):
            return error_reply(422, "invalid", [_as_json(e) for e in outcome.errors], request.id)
        return _show_form(service, pages, request, edition, form, outcome, posted)
    now = service.clock()
    key = idempotency_key(request, posted)
    suspicion = reason_to_quarantine(service, form, posted, outcome.email, now)
    counted = limits(service, request, form)
    if form.challenge or form.file_fields:  # who has sent too many asks no service, and fills no disk
        _check(service.store.limited(counted, now) or "kept", edition.catalog)
    verdict = judge(service, form, posted, suspicion, now)
    if verdict is None:
        return _ask_once_more(service, pages, request, edition, form, posted)
    for field in form.file_fields:
        if name := outcome.values.get(field.name):
            is_kept = verdict.is_open or not verdict.quarantined_for
            kept = staging.add(files[field.name][0], outcome.email) if is_kept else edition.say("not kept")
            outcome.values[field.name] = f"{name} ({kept})"
    submission = Submission(
        id=new_id(),
        form=form.name,
        email=outcome.email,
        values=outcome.values,
        consents=outcome.consents,
        page=_page(service, request, posted),
        received_at=now,
        language=edition.site.language,
        quarantined_for=verdict.quarantined_for,
        files=staging.names,
    )
    decide = partial(take_in, form, has_mail=service.bundle.mails.get(form.name, {}), now=now)
    marks = service.tokens.marks(outcome.email)
    receipt = service.store.add_submission(submission, decide, marks, counted, key, verdict.once)
    _check(receipt, edition.catalog)
    staging.settle(submission, receipt, service.store)
    destination = service.site_url + form.thank_you
    if wants_json(request):
        return json_reply({"redirect": destination})
    return see_other(destination)


def _ask_once_more(
    service: Service, pages: Pages, request: Request, edition: Edition, form: Form, posted: Posted
) -> Reply:
    """The form again, for whoever has answered it well and has not shown that they are a person.

    Raises Refusal for a client that would not press anything.
    """
    if wants_json(request):
        raise Refusal(
            422,
            "challenge_required",
            "One more press, please: nothing came with this form that shows that a person sent it.",
        )
    typed = {field.name: [clean_text(text) for text in posted.get(field.name, ())] for field in form.fields}
    return _show_form(service, pages, request, edition, form, Rejected((), typed), posted, once_more=True)


def _check(receipt: Receipt, catalog: Catalog) -> None:
    """Raise Refusal where nothing was kept."""
    if receipt == "conflicting":
        raise Refusal(422, "idempotency_conflict", "This form was sent before, with other answers.")
    if isinstance(receipt, Limited):
        seconds = max(1, ceil(receipt.retry_after.total_seconds()))
        time = describe_duration(60 * ceil(seconds / 60), catalog)
        raise Refusal(
            429,
            "rate_limited",
            "Too many forms are coming in just now. Please try again in {time}.",
            seconds,
            time=time,
        )


def _show_form(
    service: Service,
    pages: Pages,
    request: Request,
    edition: Edition,
    form: Form,
    filled: Rejected,
    posted: Posted,
    once_more: bool = False,
) -> Reply:
    """The form with its answers so far, and what is wrong with them, or that it has to be sent once more."""
    title = f"{edition.say('Error:')} {form.title}" if filled.errors else form.title
    return pages.show(
        edition,
        "form",
        f"{edition.say('One more press, please')}: {form.title}" if once_more else title,
        422 if filled.errors or once_more else 200,
        form=form,
        action=service.address(SUBMIT + form.name, edition),
        values=filled.typed,
        errors={error.field: error.message for error in filled.errors},
        page_path=_page(service, request, posted),
        # The start time goes on, if there was one: mending a slip may well take less than the least time.
        started=next(iter(posted.get(STARTED_FIELD, ())), ""),
        pressed=press_token(service.tokens, form, posted, service.clock()) if form.challenge else "",
        once_more=once_more,
        uid="form",
    )


def _as_json(error: FieldError) -> dict[str, str]:
    return {"field": error.field, "code": error.code, "message": error.message}


def _page(service: Service, request: Request, posted: Posted) -> str:
    """The page that the form stands on, as it says itself, else as the browser does; "/" where nothing tells."""
    path = next(iter(posted.get(PAGE_FIELD, ())), "") or _path_here(service, request.header("Referer") or "")
    is_path = path.startswith("/") and not path.startswith("//") and len(path) <= 500
    return path if is_path and not has_control_characters(path) else "/"


def _path_here(service: Service, url: str) -> str:
    """The path of a page of the site, as its own forms give it; "" for what is none."""
    base = urlsplit(service.site_url).path
    with suppress(ValueError):  # whatever else a program calls a URL
        path = urlsplit(url).path
        # The handler's own pages are none of the site's, and some have a secret in their path.
        if origin(url) == origin(service.site_url) and path.startswith(f"{base}/"):
            path = unquote(path.removeprefix(base), errors="strict")
            return "" if is_handler_path(path) else path
    return ""
