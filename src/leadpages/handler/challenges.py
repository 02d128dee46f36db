"""What a form may ask of a browser: a proof of work, a captcha's token, or, where no script runs, one more press."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode

from leadpages.core.errors import TokenError
from leadpages.core.forms import PRESSED_FIELD, SOLUTION_FIELDS, Challenge, Form
from leadpages.core.logs import log
from leadpages.core.settings import CAPTCHA_SECRETS
from leadpages.core.signing import Tokens
from leadpages.delivery.outcomes import Unreachable

if TYPE_CHECKING:
    from leadpages.handler.service import Service

Posted = Mapping[str, Sequence[str]]

#: Numbers up to this one are tried, half of them on average: about a second on a phone.
MAX_NUMBER: Final = 50_000
#: Less than what is spent is remembered for (`stores.protocol.KEY_WINDOW`).
VALID_FOR: Final = timedelta(hours=2)
_ALGORITHM: Final = "SHA-256"
_LONGEST_SOLUTION: Final = 2000

_VERIFIERS: Final[Mapping[Challenge, str]] = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
}
#: What they say of a token, not of us or of themselves.
_USED_BEFORE: Final = frozenset(("already-seen-response", "invalid-or-already-seen-response", "timeout-or-duplicate"))
_TOKEN_FAULTS: Final = _USED_BEFORE | {"expired-input-response", "invalid-input-response", "missing-input-response"}
#: Hashes of the last tokens that were good.
_passed: Final[deque[str]] = deque(maxlen=1000)


class Verdict(NamedTuple):
    """What a solution is worth: `once` names what it spends; with `quarantined_for` it is worth nothing.

    Where nobody can say, it `is_open`: a person has to look, and wants to see all that came.
    """

    once: str = ""
    quarantined_for: str = ""
    is_open: bool = False


def pose(tokens: Tokens, form: Form, now: datetime) -> dict[str, Any]:
    """A new proof of work to find, in version 1 of ALTCHA's format (https://altcha.org/docs/v1/proof-of-work/)."""
    expires_at = int((now + VALID_FOR).timestamp())
    # It ends with a sign that is no digit: else some of the number's could be passed off as the expiry's.
    salt = f"{secrets.token_hex(12)}?expires={expires_at}&form={form.name}&"
    challenge = _digest(salt, secrets.randbelow(MAX_NUMBER + 1))
    signature = tokens.hashes("altcha", challenge)[0]
    return {
        "algorithm": _ALGORITHM,
        "challenge": challenge,
        "maxnumber": MAX_NUMBER,
        "salt": salt,
        "signature": signature,
    }


def judge(service: Service, form: Form, posted: Posted, suspicion: str, now: datetime) -> Verdict | None:
    """What a post has to show that it is a person's; None when it has nothing to show, and the form asks for it.

    `suspicion` is why nobody believes it anyway: then no service is asked.
    """
    if form.challenge is None:
        return Verdict(quarantined_for=suspicion)
    solution = _first(posted, SOLUTION_FIELDS[form.challenge])
    if not solution:
        pressed = _first(posted, PRESSED_FIELD)
        return Verdict(f"pressed {pressed}", suspicion) if _is_pressed(service.tokens, form, posted, now) else None
    if form.challenge == "altcha":
        verdict = _judge_work(service.tokens, form, solution, now)
        return verdict._replace(quarantined_for=suspicion or verdict.quarantined_for)
    return Verdict(quarantined_for=suspicion) if suspicion else _verify(service, form, form.challenge, solution)


def press_token(tokens: Tokens, form: Form, posted: Posted, now: datetime) -> str:
    """What the handler's own page of `form` posts in the place of a solution, good from `min_seconds` on.

    One that came with `posted` goes on: who pressed too early need not wait anew.
    """
    if _pressed_at(tokens, form, posted, now):
        return _first(posted, PRESSED_FIELD)
    return tokens.make("pressed", f"{form.name} {int(now.timestamp())} {secrets.token_hex(8)}", now, VALID_FOR)


def _is_pressed(tokens: Tokens, form: Form, posted: Posted, now: datetime) -> bool:
    issued_at = _pressed_at(tokens, form, posted, now)
    return issued_at is not None and now - issued_at >= timedelta(seconds=form.min_seconds)


def _pressed_at(tokens: Tokens, form: Form, posted: Posted, now: datetime) -> datetime | None:
    """When the page was shown that was posted; None for no page of this form, or an old one."""
    try:
        name, issued_at, _ = tokens.read("pressed", _first(posted, PRESSED_FIELD), now).split(" ")
    except (TokenError, ValueError):
        return None
    return datetime.fromtimestamp(int(issued_at), now.tzinfo) if name == form.name else None


def _judge_work(tokens: Tokens, form: Form, solution: str, now: datetime) -> Verdict:
    try:
        found = json.loads(base64.b64decode(solution[:_LONGEST_SOLUTION], validate=True))
        algorithm, challenge, salt, number, signature = (
            found[name] for name in ("algorithm", "challenge", "salt", "number", "signature")
        )
        asked = parse_qs(salt.partition("?")[2])
        if type(number) is not int or not hmac.compare_digest(_digest(salt, number), challenge):
            return Verdict(quarantined_for="wrong proof of work")
        own = any(hmac.compare_digest(signature, hash_) for hash_ in tokens.hashes("altcha", challenge))
        if not own or algorithm != _ALGORITHM or asked["form"] != [form.name]:
            return Verdict(quarantined_for="forged proof of work")
        is_over = now.timestamp() >= int(asked["expires"][0])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Verdict(quarantined_for="forged proof of work")
    return Verdict(f"altcha {challenge}", "expired proof of work" if is_over else "")


def _verify(service: Service, form: Form, challenge: Challenge, token: str) -> Verdict:
    """What the service that made `token` says of who brings it."""
    secret = service.captcha_secrets.get(challenge, "")
    if not secret:
        return _not_verified(form, f"{CAPTCHA_SECRETS[challenge]} is not set")
    if not token.isascii():  # as none of theirs is
        return Verdict(quarantined_for="not a person")
    asked = {"secret": secret, "response": token}
    if challenge == "hcaptcha":  # a token may be one for another site of the same owner
        asked["sitekey"] = form.site_key
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    own = sha256(f"{challenge}\n{secret}\n{token}".encode()).hexdigest()
    once = Verdict(f"{challenge} {token}")
    if own in _passed:  # the service says yes once, and our own store may have been busy then
        return once
    try:
        reply = service.ask(_VERIFIERS[challenge], headers, urlencode(asked).encode())
        said = json.loads(reply.text)
        passed, codes = said["success"], set(said.get("error-codes") or ())
    except Unreachable as error:
        return _not_verified(form, error.message)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _not_verified(form, "an answer that makes no sense")
    if passed is True:
        _passed.append(own)
        return once
    if passed is not False or codes - _TOKEN_FAULTS:
        why = ", ".join(sorted(map(str, codes))).encode("ascii", "replace").decode()
        return _not_verified(form, why or "an answer that makes no sense")
    # One that was used before may be a person's who had to send the form again: all that came is kept with it.
    return Verdict(quarantined_for="not a person", is_open=bool(codes & _USED_BEFORE))


def _not_verified(form: Form, why: str) -> Verdict:
    log.warning("form %s: a captcha could not be verified: %s", form.name, why)
    return Verdict(quarantined_for=f"captcha not verified: {why}", is_open=True)


def _digest(salt: str, number: int) -> str:
    return sha256(f"{salt}{number}".encode()).hexdigest()


def _first(posted: Posted, name: str) -> str:
    return next(iter(posted.get(name, ())), "")
