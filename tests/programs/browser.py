"""A browser without a window, for the tests of pages: Chromium through Selenium, where they are installed."""

import base64
import os
import shutil
import subprocess
import sys

PACKAGES = "Debian's python3-selenium, chromium and chromium-driver"


def use_python_that_has_selenium():
    """Starts the script again with the system's Python if that one has Selenium and this one has not."""
    system = "/usr/bin/python3"
    try:
        import selenium  # noqa: F401
    except ImportError:
        if os.path.exists(system) and os.path.realpath(system) != os.path.realpath(sys.executable):
            if subprocess.run([system, "-c", "import selenium"], capture_output=True).returncode == 0:
                os.execv(system, [system, *sys.argv])


def why_not():
    """Why there is no browser; empty if there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return f"no Selenium (all that is needed: {PACKAGES})"
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"no {' and no '.join(missing)} (all that is needed: {PACKAGES})" if missing else ""


class Browser:
    def __init__(self, profile):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)

    def close(self):
        self.driver.quit()

    def open(self, path, width=1100, height=900, scheme="light"):
        self.scheme(scheme)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.get(f"file://{path}")

    def scheme(self, name):
        """light or dark"""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.all(selector)]

    def wait(self, condition, seconds=10):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, 0.1).until(lambda _: condition())

    def mouse(self):
        from selenium.webdriver.common.action_chains import ActionChains

        return ActionChains(self.driver)

    def complaints(self):
        """What the console has said since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def pdf(self):
        return base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
