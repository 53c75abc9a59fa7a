"""What goes wrong with developers and their sessions alone; branches of the tree in `errors`."""

from __future__ import annotations

from relay.nouns.errors import BadInput, Forbidden, NoKey, Unauthenticated


class NoSession(NoKey):
    code = "NO_SESSION"
    default = "send 'Authorization: Bearer' with the access token of a login", "请求头缺少登录后的访问令牌"


class BadSession(Unauthenticated):
    """Also for a refresh token: one that was used, taken back or never given out."""

    code = "INVALID_SESSION"
    default = "this token is not valid here; log in again", "令牌无效，请重新登录"


class SessionExpired(Unauthenticated):
    code = "SESSION_EXPIRED"
    default = "this access token has expired; refresh it, or log in again", "访问令牌已过期，请刷新或重新登录"


class WrongCredentials(Unauthenticated):
    """One answer for an unknown e-mail address and a wrong password."""

    code = "INVALID_CREDENTIALS"
    default = "the e-mail address or the password is wrong", "邮箱或密码错误"


class EmailExists(BadInput):
    code = "EMAIL_EXISTS"

    def __init__(self) -> None:
        super().__init__("there is an account with this e-mail address", "该邮箱已注册", field="email")


class SignUpOff(Forbidden):
    code = "SIGN_UP_OFF"
    default = "this relay opens no accounts for strangers; ask its operator for one", "本站不开放注册，请联系管理员"
