"""Click ids are believed because they are signed, and for no other reason."""

import pytest

from goodword.engine.clicks import TOKEN_MAX, Click, click_token, read_click
from goodword.engine.ids import Keyring

KEYRING = Keyring(b"a key for tests of 32 bytes long")
NONCE = bytes(range(8))


@pytest.mark.parametrize("code", ["7K3M9QXA", "MAR1ASH0P", "صديق2026"])
def test_a_token_says_what_was_clicked_and_when(code: str) -> None:
    token = click_token(KEYRING, code, 1_767_571_200_123, NONCE)
    assert read_click(KEYRING, token) == Click(code, 1_767_571_200_123, NONCE.hex())
    assert len(token) < TOKEN_MAX


def test_a_token_that_was_touched_is_nothing() -> None:
    token = click_token(KEYRING, "7K3M9QXA", 1_767_571_200_123, NONCE)
    touched = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    others = ["", ".", "7K3M9QXA", "7K3M9QXA.", token + "A", token[:-4], "é." + token[9:], token.replace(".", "")]
    assert [one for one in touched + others if read_click(KEYRING, one) is not None] == []
    assert read_click(Keyring(b"another key of thirty-two bytes."), token) is None
