"""The way to a service: proxies, certificates, and whereto a redirect may lead."""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from urllib.request import proxy_bypass

from yarl import URL

from mpls311.arcgis.errors import AccessDeniedError, TransportError

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


def address(url: str) -> URL:
    """Parse an address.

    Raises:
        TransportError: It is none.

    """
    try:
        return URL(url)
    except ValueError as exc:
        raise not_an_address(url) from exc


def not_an_address(url: str) -> TransportError:
    """The error for an address that is none."""
    return TransportError(
        "is not an address: correct it.", url=url, unreachable=True, retriable=False
    )


def tls_context() -> ssl.SSLContext:
    """The certificates to trust: the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR.

    aiohttp has one of its own, made when it is imported, whatever the environment says later.
    """
    return ssl.create_default_context()


def proxy_for(url: URL, proxies: Mapping[str, str]) -> tuple[URL | None, dict[str, str]]:
    """The proxy for an address, unless NO_PROXY exempts its host.

    Args:
        url: The address.
        proxies: By scheme, as HTTP_PROXY and HTTPS_PROXY name them.

    Returns:
        Its address, or None; and the header that names the user, if there is one in that address.

    Raises:
        TransportError: The address of the proxy is none that can be used.

    """
    named = proxies.get(url.scheme)
    if not named or not url.host or proxy_bypass(url.host):
        return None, {}
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
        if proxy.scheme not in ("http", "https") or not proxy.host:
            raise ValueError("it must begin with http://")
    except ValueError as exc:
        raise TransportError(
            f"cannot be reached through the proxy that {url.scheme.upper()}_PROXY names ({exc}): "
            "correct it.",
            url=str(url),
            unreachable=True,
            retriable=False,
        ) from exc
    if proxy.user is None:
        return proxy, {}
    login = b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    return proxy.with_user(None), {"Proxy-Authorization": f"Basic {login}"}


def redirected(seen: list[URL], location: str, status: int) -> URL:
    """Where a redirect leads.

    Args:
        seen: The addresses so far.
        location: The header that says where to go on.
        status: Of the redirect.

    Raises:
        AccessDeniedError: To another host, as a rule to a page that wants a login. The redirects
            that may pass are worth another try.
        TransportError: In a circle.

    """
    here = seen[-1]
    try:
        there = here.join(URL(location))
        is_same = there.origin() == here.origin()
    except ValueError:
        there, is_same = URL(), False
    if is_same or (here.scheme, there.scheme, there.host) == ("http", "https", here.host):
        if there in seen or len(seen) > MOST_REDIRECTS:
            raise TransportError(
                f"redirects in a circle (to {there.path} again): tell its owner.",
                url=str(here.with_query(None)),
                retriable=False,
            )
        return there
    permanently = status in _PERMANENT
    raise AccessDeniedError(
        f"redirects to another host ({there.host or location}), "
        + (
            "as it has moved: look there, and correct the address."
            if permanently
            else "as for a login: the layer is not public, or a firewall refuses for a while."
        ),
        url=str(here.with_query(None)),
        code=status,
        retriable=not permanently,
    )
