"""E-mail addresses: which are taken, and when two spellings are one address."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from relay.nouns.errors import InvalidParameter

LONGEST = 320  # characters; the library's own limit of 254 is about the address it made of them


def identity(text: str, field: str = "email") -> str:
    """The one spelling of an address by which it is found: ASCII (a domain by IDNA) in lower case.

    What stands behind a plus and dots count, as they do for most mail servers. Raises InvalidParameter.
    """
    wrong = InvalidParameter(field, "must be an e-mail address", "必须是有效的邮箱地址")
    if len(text) > LONGEST:
        raise wrong
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True).ascii_email
    except EmailNotValidError as error:
        raise wrong from error
    if found is None:  # which stands for a local part that is not ASCII
        raise wrong
    return found.lower()
