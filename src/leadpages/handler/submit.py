"""`/f/FORM`: the form on a page of its own (GET), and taking in what was typed (POST)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from leadpages.core.forms import PAGE_FIELD, FieldError, Form, Rejected, has_control_characters, validate
from leadpages.core.urls import SUBMIT
from leadpages.handler.guards import check_origin, reason_to_quarantine, start_token
from leadpages.handler.pages import Pages
from leadpages.handler.refusals import not_found
from leadpages.handler.replies import json_reply
from leadpages.handler.requests import read_form, wants_json
from leadpages.handler.service import Service
from leadpages.leads.intake import take_in
from leadpages.leads.model import Submission


def answer(service: Service, pages: Pages, request: Request, name: str) -> Response:
    """Show the form, or take it in.

    Raises Refusal for an unknown form, a foreign origin or an unreadable body, StorageError when the
    submission could not be kept.
    """
    form = service.bundle.forms.get(name)
    if form is None:
        raise not_found()
    if request.method != "POST":
        started = start_token(service.tokens, service.clock())
        if wants_json(request):
            return json_reply({"started": started})
        return _show_form(service, pages, form, {}, (), "/")
    check_origin(request, service.origins)
    return _take_in(service, pages, request, form)


def _take_in(service: Service, pages: Pages, request: Request, form: Form) -> Response:
    posted = read_form(request)
    page = _page_path(posted)
    outcome = validate(form, posted)
    if isinstance(outcome, Rejected):
        if wants_json(request):
            return json_reply({"error": "invalid", "errors": [_as_json(e) for e in outcome.errors]}, 422)
        return _show_form(service, pages, form, outcome.typed, outcome.errors, page)
    now = service.clock()
    submission = Submission(
        id=uuid4().hex,
        form=form.name,
        email=outcome.email,
        values=outcome.values,
        consents=outcome.consents,
        page=page,
        received_at=now,
        quarantined_for=reason_to_quarantine(form, posted, service.tokens, now),
    )
    has_mail = service.bundle.mails.get(form.name, {})
    service.store.add_submission(submission, partial(take_in, form, has_mail=has_mail, now=now))
    destination = service.site_url + form.thank_you
    if wants_json(request):
        return json_reply({"redirect": destination})
    return Response(status=303, headers={"Location": destination, "Cache-Control": "no-store"})


def _show_form(
    service: Service,
    pages: Pages,
    form: Form,
    typed: Mapping[str, Sequence[str]],
    errors: tuple[FieldError, ...],
    page: str,
) -> Response:
    return pages.show(
        "form",
        f"Error: {form.title}" if errors else form.title,
        422 if errors else 200,
        form=form,
        action=f"{service.handler_url}{SUBMIT}{form.name}",
        values=typed,
        errors={error.field: error.message for error in errors},
        page_path=page,
        started=start_token(service.tokens, service.clock()),
        uid="form",
    )


def _as_json(error: FieldError) -> dict[str, str]:
    return {"field": error.field, "code": error.code, "message": error.message}


def _page_path(posted: Mapping[str, Sequence[str]]) -> str:
    path = next(iter(posted.get(PAGE_FIELD, ())), "")
    return path if path.startswith("/") and len(path) <= 500 and not has_control_characters(path) else "/"
