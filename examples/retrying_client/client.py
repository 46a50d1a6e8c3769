"""A client with a time-out and retries: what fails by chance is tried again,
with growing waits or as long as Retry-After says."""

import sys
import time
import urllib.error
import urllib.request

ATTEMPTS = 3
PASSING = {408, 429, 500, 502, 503, 504}  # what may pass by itself

for attempt in range(ATTEMPTS):
    wait = 0.1 * 2**attempt
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=5) as response:
            print(response.status, response.read(1 << 20).decode(errors="replace"))
            break
    except urllib.error.HTTPError as error:
        after = error.headers.get("Retry-After", "")
        wait = float(after) if after.isdigit() else wait
        if error.code not in PASSING or attempt + 1 == ATTEMPTS:
            print(error.code, error.read(1 << 20).decode(errors="replace"))
            break
    except OSError as error:
        if attempt + 1 == ATTEMPTS:
            sys.exit(f"no answer: {error}")
    time.sleep(wait)
