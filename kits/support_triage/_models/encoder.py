"""Texts → vectors by the bundle's network, for one mail on a device and for many in training.

Tokenizer and session are given; texts of like length go together, so that little is padded. What vectors mean
is the heads'.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import BundleError
from kits.core.runtime import Session
from kits.support_triage._models.spec import EncoderSpec

Floats = NDArray[np.float32]
_USUAL_CHARACTERS_PER_TOKEN, _CHARACTERS_PER_TOKEN = 6, 32
_BATCH_TOKENS = 4_096
BATCH_TEXTS = 64
INPUTS = ("input_ids", "attention_mask")


class Tokens:
    """A network's tokenizer: text → token numbers, as many as are looked at.

    Args:
        tokenizer: `tokenizer.json` of the Hugging Face library `tokenizers`.
        most: token numbers of a text at most.

    Raises:
        BundleError: the tokenizer cannot be read.
    """

    def __init__(self, tokenizer: bytes, most: int) -> None:
        from tokenizers import Tokenizer  # 20 MB: only where there is a network

        self._most = most
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer.decode())
        except Exception as error:  # tokenizers raises plain Exception
            raise BundleError(f"the tokenizer cannot be read: {error}", fix="kit train") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(most)

    def of(self, text: str) -> list[int]:
        """Token numbers of the text's beginning: a mail of 20 MB costs no more than that."""
        short = " ".join(text[: 4 * _CHARACTERS_PER_TOKEN * self._most].split())
        begins = short[: _USUAL_CHARACTERS_PER_TOKEN * self._most]
        if len(begins) < len(short) and " " in begins:
            # up to a whole word, so that its tokens are those of the whole text
            numbers = self._encoded(begins.rpartition(" ")[0])
            if len(numbers) == self._most:
                return numbers
        return self._encoded(short[: _CHARACTERS_PER_TOKEN * self._most]) or [0]

    def _encoded(self, text: str) -> list[int]:
        numbers: list[int] = self._tokenizer.encode(text).ids
        return numbers


class Encoder:
    """A network with its tokenizer.

    Args:
        tokenizer: as of `Tokens`.

    Raises:
        BundleError: the tokenizer cannot be read, or the network has other inputs.
    """

    def __init__(self, spec: EncoderSpec, session: Session, tokenizer: bytes) -> None:
        self.spec = spec
        self._session = session
        if sorted(i.name for i in session.inputs()) != sorted(INPUTS):
            raise BundleError("the encoder has other inputs than " + " and ".join(INPUTS))
        self._tokens = Tokens(tokenizer, spec.max_tokens)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts, shape (n, views × width); each view has unit length.

        Raises:
            BundleError, MachineError: the network cannot be executed.
        """
        vectors = np.zeros((len(texts), self.spec.views * self.spec.width), np.float32)
        tokens = [self._tokens.of(text) for text in texts]
        for rows in _batches([len(t) for t in tokens]):
            longest = max(len(tokens[row]) for row in rows)
            numbers = np.zeros((len(rows), longest), np.int64)
            mask = np.zeros((len(rows), longest), np.int64)
            for place, row in enumerate(rows):
                numbers[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = 1
            found = self._session.run(dict(zip(INPUTS, (numbers, mask), strict=True)))[0]
            if found.shape != (len(rows), vectors.shape[1]):
                raise BundleError(f"the encoder gives {found.shape[1:]}, not {vectors.shape[1:]}")
            vectors[rows] = found
        return vectors

    def last_layer(self, texts: Sequence[str]) -> Floats:
        """The last layer's view alone, shape (n, width): what texts are compared by.

        Raises:
            BundleError, MachineError: the network cannot be executed.
        """
        return self.embed(texts)[:, : self.spec.width]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows of like length together, so many that a batch has a bounded number of tokens."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        last = batches[-1] if batches else []
        room = last and len(last) < BATCH_TEXTS and (len(last) + 1) * lengths[row] <= _BATCH_TOKENS
        if room:
            last.append(row)
        else:
            batches.append([row])
    return batches
