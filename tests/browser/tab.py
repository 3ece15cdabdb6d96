"""One browser tab that writes down errors, refused content and failed requests."""

from __future__ import annotations

from typing import Literal, cast

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Response

_LISTEN_FOR_REFUSALS = """
addEventListener('securitypolicyviolation', (event) => console.error('CSP refused ' + event.violatedDirective + ' ' + event.blockedURI));
"""
#: Milliseconds within which anything expected must have appeared.
PATIENCE = 15_000


def unmarked(money: str) -> str:
    """A sum of money as it is seen: without the word that screen readers hear and the breaks around it."""
    return "".join(money.replace("estimated", "").split())


class Tab:
    """A page in a context of its own. ``tolerate`` names parts of complaints the test expects."""

    def __init__(self, browser: Browser, url: str, width: int, height: int, theme: str) -> None:
        self.url = url
        self.tolerate: list[str] = []
        self._complaints: list[str] = []
        scheme = cast(Literal["light", "dark"], theme)
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(_LISTEN_FOR_REFUSALS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._complaints.append(f"page error: {error}"))
        self.page.on("response", self._on_response)
        self.page.on("dialog", self._on_dialog)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"console {message.type}: {message.text}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self._complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._complaints.append(f"{response.status} {response.url}")

    def go(self, path: str = "") -> None:
        """Open an address of the page afresh, as a shared link would."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/{path}")

    def find(self, selector: str, text: str | None = None) -> Locator:
        return self.page.locator(selector, has_text=text) if text is not None else self.page.locator(selector)

    def wait(self, selector: str, text: str | None = None) -> Locator:
        """The first match, once it is visible."""
        found = self.find(selector, text).first
        found.wait_for(state="visible")
        return found

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    def close(self) -> list[str]:
        self.context.close()
        return [line for line in self._complaints if not any(part in line for part in self.tolerate)]
