"""Chromium as somebody uses it: tabs, a mouse, a keyboard, and eyes. It is led by the DevTools protocol."""

import base64
import contextlib
import itertools
import json

from websockets.sync.client import connect

from browser import Browser
from output import PATIENCE
from waiting import eventually

ALT = 1
WIDTH, HEIGHT = 1280, 800


class Tabs(Browser):
    """A run of Chromium with as many tabs as are opened."""

    def __init__(self, directory):
        super().__init__("about:blank", directory, "--remote-debugging-port=0", f"--window-size={WIDTH},{HEIGHT}")
        self._open = contextlib.ExitStack()
        place = directory / "chromium" / "DevToolsActivePort"
        try:
            # It is written in one go, but made before.
            port, path = eventually(lambda: place.exists() and place.read_text().split(), "Chromium listens")
            options = {"max_size": None, "compression": None, "proxy": None, "ping_interval": None}
            self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}{path}", **options))
        except BaseException:
            self.__exit__()
            raise
        self._numbers = itertools.count(1)
        self._events = []

    def __exit__(self, *exception):
        self._open.close()
        super().__exit__(*exception)

    def open(self, url):
        """A tab that shows `url`, once it is loaded. It has a window of its own: what is not in front is slow."""
        target = self.call("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        tab = Tab(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        tab.go(url)
        return tab

    def call(self, method, session=None, **parameters):
        """The result of a command."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(command if session is None else {**command, "sessionId": session}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self._events.append(message)

    def events(self, method, session):
        """What a tab has told of so far."""
        own = [event for event in self._events if event.get("sessionId") == session]
        return [event["params"] for event in own if event["method"] == method]


class Tab:
    """One tab."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)

    def go(self, url):
        self._call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def reload(self):
        self._call("Page.reload")
        # The next script may still run in the page as it was.
        self.until("performance.getEntriesByType('navigation')[0].type === 'reload'")
        self.until("document.readyState === 'complete'")

    def run(self, script):
        """The value of a script, of a promise when it is kept."""
        result = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, (script, result["exceptionDetails"])
        return result["result"].get("value")

    def until(self, script):
        """Waits until the value of a script holds, and returns it."""
        return eventually(lambda: self.run(script), script)

    def complaints(self):
        """What was thrown and not caught, and what the browser refused or did not find."""
        thrown = [event["exceptionDetails"] for event in self._browser.events("Runtime.exceptionThrown", self._session)]
        entries = [event["entry"] for event in self._browser.events("Log.entryAdded", self._session)]
        return thrown + [entry for entry in entries if entry["level"] == "error"]

    def click(self, selector):
        """Presses and releases the mouse in the middle of an element."""
        x, y = self._middle(selector)
        self._mouse("mouseMoved", x, y)
        self._mouse("mousePressed", x, y, clickCount=1)
        self._mouse("mouseReleased", x, y, clickCount=1)

    def drag(self, selector, target, dy=0):
        """Drags an element by the mouse to the middle of another one, or `dy` pixels below that."""
        x, y = self._middle(selector)
        to_x, to_y = self._middle(target)
        self._mouse("mouseMoved", x, y)
        self._mouse("mousePressed", x, y, clickCount=1)
        steps = 8
        for step in range(1, steps + 1):
            part = step / steps
            self._mouse("mouseMoved", x + (to_x - x) * part, y + (to_y + dy - y) * part)
        self._mouse("mouseReleased", to_x, to_y + dy, clickCount=1)

    def type(self, text):
        """Types into what has the focus."""
        self._call("Input.insertText", text=text)

    def press(self, key, modifiers=0):
        """Presses a key that writes nothing."""
        codes = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        what = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key], "modifiers": modifiers}
        text = {"text": "\r"} if key == "Enter" else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", **what, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **what)

    def choose_files(self, selector, *paths):
        """Chooses files in an input for them."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def dark(self):
        """Has the page see that dark colours are preferred."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def size(self, width, height):
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self):
        """What is seen, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def _middle(self, selector):
        place = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            if (!element) return null;
            element.scrollIntoView({{ block: "nearest", inline: "nearest", behavior: "instant" }});
            const {{ left, top, width, height }} = element.getBoundingClientRect();
            return [left + width / 2, top + height / 2];
        }})()"""
        return self.until(place)

    def _mouse(self, kind, x, y, **more):
        pressed = {} if kind == "mouseMoved" and not self._is_pressed else {"button": "left", "buttons": 1}
        self._is_pressed = kind == "mousePressed" or (kind == "mouseMoved" and self._is_pressed)
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed, **more)

    _is_pressed = False

    def _call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)
