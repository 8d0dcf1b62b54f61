"""Checksums of addresses: Keccak-256 for EIP-55, Base58Check, and bech32 with bech32m.

Source: https://keccak.team/keccak_specs_summary.html, EIP-55, Bitcoin's Base58Check, BIP-173 and
BIP-350.
"""

from __future__ import annotations

from hashlib import sha256

_LANE = (1 << 64) - 1
#: Bytes that one round of absorbing takes, for 256 bits of output.
_RATE = 136
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
#: What the checksum of segwit version 0 comes to (BIP-173), and of later ones (BIP-350).
_BECH32_SUM, _BECH32M_SUM = 1, 0x2BC830A3


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & _LANE


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600] of 5 x 5 lanes, as `lanes[x][y]`."""
    register = 1
    for _ in range(24):
        # theta
        columns = [a ^ b ^ c ^ d ^ e for a, b, c, d, e in lanes]
        mixed = [columns[x - 1] ^ _rotated(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        # rho and pi
        x, y = 1, 0
        current = lanes[x][y]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _rotated(current, (step + 1) * (step + 2) // 2)
        # chi
        lanes = [
            [
                lanes[x][y] ^ (~lanes[(x + 1) % 5][y] & lanes[(x + 2) % 5][y] & _LANE)
                for y in range(5)
            ]
            for x in range(5)
        ]
        # iota
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def keccak_256(data: bytes, *, suffix: int = 0x01) -> bytes:
    """The Keccak-256 digest, as Ethereum uses it; `suffix=0x06` makes it SHA3-256."""
    padded = bytearray(data) + bytes([suffix]) + bytes(-(len(data) + 1) % _RATE)
    padded[-1] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for index in range(_RATE // 8):
            word = padded[start + 8 * index : start + 8 * index + 8]
            lanes[index % 5][index // 5] ^= int.from_bytes(word, "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def eip55(digits: str) -> str:
    """Forty hexadecimal digits with the capitals that EIP-55 gives them."""
    lower = digits.lower()
    digest = keccak_256(lower.encode()).hex()
    return "".join(
        letter.upper() if int(nibble, 16) >= 8 else letter
        for letter, nibble in zip(lower, digest, strict=False)
    )


def base58check_encode(payload: bytes) -> str:
    """The payload, version included, and its checksum in base58."""
    whole = payload + _double_sha256(payload)[:4]
    value = int.from_bytes(whole, "big")
    digits = ""
    while value:
        value, place = divmod(value, 58)
        digits = _BASE58[place] + digits
    zeros = len(whole) - len(whole.lstrip(b"\0"))
    return _BASE58[0] * zeros + digits


def base58check_decode(text: str) -> bytes:
    """The payload, version included.

    Raises:
        ValueError: a letter that base58 does not have, or a wrong checksum.
    """
    value = 0
    for letter in text:
        value = value * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip(_BASE58[0]))
    whole = bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")
    payload, checksum = whole[:-4], whole[-4:]
    if len(checksum) < 4 or _double_sha256(payload)[:4] != checksum:
        raise ValueError("a wrong Base58Check checksum")
    return payload


def _double_sha256(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def segwit_decode(prefix: str, text: str) -> tuple[int, bytes]:
    """Version and program of a segwit address, in one case, with that prefix.

    Raises:
        ValueError: mixed case, another prefix, a wrong checksum, or a program of a wrong length.
    """
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise ValueError("a bech32 address in mixed case")
    human, _, data = lower.rpartition("1")
    if human != prefix or len(lower) > 90 or len(data) < 7:
        raise ValueError(f"no bech32 address beginning with {prefix}1")
    values = [_BECH32.index(letter) for letter in data]
    version, program = values[0], _eight_bits(values[1:-6])
    expanded = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human]
    if _polymod(expanded + values) != (_BECH32M_SUM if version else _BECH32_SUM):
        raise ValueError("a wrong bech32 checksum")
    lengths = (20, 32) if version == 0 else range(2, 41)
    if version > 16 or len(program) not in lengths:
        raise ValueError("no segwit version, or a program of a wrong length")
    return version, program


def _polymod(values: list[int]) -> int:
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                total ^= generator
    return total


def _eight_bits(fives: list[int]) -> bytes:
    """Groups of five bits as bytes; at most four zero bits may be left over."""
    value, bits = 0, 5 * len(fives)
    for five in fives:
        value = value << 5 | five
    rest = bits % 8
    if rest > 4 or value & ((1 << rest) - 1):
        raise ValueError("bits left over in a bech32 address")
    return (value >> rest).to_bytes(bits // 8, "big")
