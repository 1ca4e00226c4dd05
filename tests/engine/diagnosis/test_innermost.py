"""Checks that of a chain of errors the words of the first one are kept, whichever runtime prints it."""

import json

import pytest

from engine.diagnosis.innermost import LONGEST, words
from tests.engine.advice import errors
from tests.engine.diagnosis.scenes import Scene

LARAVEL = """production.ERROR: App\\PayException: cannot pay in /app/src/Pay.php:9
Stack trace:
#0 /app/src/Cart.php(12): App\\StockException->render()"""


@pytest.mark.parametrize(
    "text, said",
    [
        (errors.JAVA_CHAIN, "java.net.ConnectException: Connection refused"),
        (errors.JAVA_HELPFUL.partition("\n")[0], "could not place order"),
        (errors.PYTHON_CHAIN, "KeyError: 'currency'"),
        (errors.PYTHON_CHAIN.replace("\n    ", "\n").replace("\n  ", "\n"), "KeyError: 'currency'"),
        (errors.GO_PANIC, "runtime error: index out of range [5] with length 3"),
        (errors.RUST, "index out of bounds: the len is 3 but the index is 7"),
        (errors.ANYHOW, "No such file or directory (os error 2)"),
        (errors.DOTNET_CHAIN, "System.Net.Sockets.SocketException (111): Connection refused"),
        (errors.NODE_CAUSE, "TypeError: Cannot read properties of undefined (reading 'amount')"),
        ("x failed; nested exception is java.lang.NullPointerException", "java.lang.NullPointerException"),
        # A frame may be called after an error, and is none.
        (LARAVEL, "production.ERROR: App\\PayException: cannot pay in /app/src/Pay.php:9"),
        (json.dumps({"message": "KeyError: 'currency'", "level": "error"}), "KeyError: 'currency'"),
        ("", ""),
    ],
)
def test_the_first_of_a_chain_is_told(text: str, said: str) -> None:
    assert words(text) == said


def test_it_is_bounded() -> None:
    assert len(words("KeyError: " + "x" * 9000)) == LONGEST


def test_evidence_keeps_the_words_beside_the_place() -> None:
    (found,) = [each for each in Scene().says(errors.PYTHON_CHAIN, 6).evidence() if each.abnormal]
    assert found.details["origin"] == {
        "file": "/srv/shop/rates.py",
        "line": 12,
        "function": "rate",
        "error": "KeyError: 'currency'",
    }
