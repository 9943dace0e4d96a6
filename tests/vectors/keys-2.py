#!/usr/bin/env python3
"""Computes keys-2.json with Python's hashlib, hmac and cryptography, from docs/protocol.md section 5 and not from the program.

    python3 keys-2.py DRAFT-VECTORS.json WYCHEPROOF-X25519.json HASH-TO-CURVE-ELL2-NU.json

The arguments are the published vectors that are passed on: testvectors.json of draft-irtf-cfrg-cpace, x25519_test.json of
Wycheproof, and those of curve25519_XMD:SHA-512_ELL2_NU_ in RFC 9380, appendix J.4.2.
"""
import base64
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = os.path.dirname(os.path.abspath(__file__))
P = 2**255 - 19
WORDS = open(os.path.join(HERE, "../../src/EGoat.Keys/words.txt")).read().split()


def b32(data):
    return base64.b32encode(data).decode().lower().rstrip("=")


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def fields(*parts):
    return b"".join(struct.pack(">H", len(p)) + p for p in (x.encode() if isinstance(x, str) else x for x in parts))


def hkdf(secret, length, salt, info, algorithm=hashes.SHA256):
    return HKDF(algorithm(), length, salt, info).derive(secret)


def room_id(key):
    return "~" + b32(hkdf(key, 16, None, b"egoat/2 room id"))


def seal(key, epoch, source, to, kind, session, content, salt):
    derived = hkdf(key, 44, salt, fields("egoat/2 seal", room_id(key), source, to))
    number = struct.pack(">I", epoch)
    data = fields(b"\x02", number, room_id(key), source, to, kind, session)
    return b64(b"\x02" + number + salt + AESGCM(derived[:32]).encrypt(derived[32:], content.encode(), data))


def prefixed(data):
    length, prefix = len(data), b""
    while True:
        prefix += bytes([length if length < 128 else (length & 127) | 128])
        length >>= 7
        if not length:
            return prefix + data


def lv(*parts):
    return b"".join(prefixed(p) for p in parts)


def elligator2(r):
    a = 486662
    v = -a * pow(1 + 2 * r * r, P - 2, P) % P
    x = v if pow(v**3 + a * v * v + v, (P - 1) // 2, P) == 1 else (-v - a) % P
    return x.to_bytes(32, "little")


def element(data):
    return int.from_bytes(data[:31] + bytes([data[31] & 127]), "little")


def generator(password, channel, session):
    domain = b"CPace255"
    padding = bytes(max(0, 127 - len(prefixed(password)) - len(prefixed(domain))))
    return elligator2(element(hashlib.sha512(lv(domain, password, padding, channel, session)).digest()[:32]))


def multiply(scalar, point):
    return X25519PrivateKey.from_private_bytes(scalar).exchange(X25519PublicKey.from_public_bytes(point))


def exchange(slot, words, inviter, joiner, inviter_nonce, joiner_nonce, inviter_scalar, joiner_scalar, link):
    session = inviter_nonce + joiner_nonce
    g = generator(words.encode(), lv(b"egoat/2 code", str(slot).encode(), inviter.encode(), joiner.encode()), session)
    ya, yb = multiply(inviter_scalar, g), multiply(joiner_scalar, g)
    point = multiply(inviter_scalar, yb)
    assert point == multiply(joiner_scalar, ya)
    key = hashlib.sha512(lv(b"CPace255_ISK", session, point) + lv(ya, b"") + lv(yb, b"")).digest()
    mac = hashlib.sha512(b"CPaceMac" + session + key).digest()
    tag = lambda role, share: hmac.digest(mac, lv(role, share, b""), "sha512")
    derived = hkdf(key, 44, session, b"egoat/2 code link", hashes.SHA512)
    return {
        "slot": slot, "words": words, "inviter": inviter, "joiner": joiner, "link": link,
        "inviterNonce": inviter_nonce.hex(), "joinerNonce": joiner_nonce.hex(),
        "inviterScalar": inviter_scalar.hex(), "joinerScalar": joiner_scalar.hex(), "generator": g.hex(), "key": key.hex(),
        "hello": (b"\x02\x01" + joiner.encode() + joiner_nonce).hex(),
        "share": (b"\x02\x02" + inviter.encode() + inviter_nonce + ya).hex(),
        "proof": (b"\x02\x03" + yb + tag(b"egoat/2 code joiner", yb)).hex(),
        "sealedLink": (b"\x02\x04" + tag(b"egoat/2 code inviter", ya) + AESGCM(derived[:32]).encrypt(derived[32:], link.encode(), b"")).hex(),
    }


def safety_words(one, other):
    number = int.from_bytes(hashlib.pbkdf2_hmac("sha256", fields(*sorted([one, other])), b"egoat/2 safety words", 100_000, 8), "big") >> 4
    return [WORDS[(number >> (10 * (5 - i))) & 1023] for i in range(6)]


def sample(label, length):
    return hashlib.shake_256(("egoat vector " + label).encode()).digest(length)


def main():
    draft = json.load(open(sys.argv[1]))["G_25519"]
    wycheproof = json.load(open(sys.argv[2]))
    ell2 = json.load(open(sys.argv[3]))
    ids = [b32(sample(f"id {i}", 16)) for i in range(6)]
    keys = [bytes(range(32)), sample("key", 32)]
    contents = ["", "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n", "Grüße 🐐"]
    key_link = lambda key, label, tail="": f"https://192.0.2.1:4747/#room={label}&k={b64(key)}{tail}"
    low = sorted({t["public"] for g in wycheproof["testGroups"] for t in g["tests"] if "ZeroSharedSecret" in t["flags"]})
    points = [{"scalar": t["private"], "point": t["public"], "product": t["shared"]}
              for g in wycheproof["testGroups"] for t in g["tests"] if "ZeroSharedSecret" not in t["flags"] and t["tcId"] % 8 == 1]
    result = {
        "description": "Test vectors of docs/protocol.md section 5, computed by keys-2.py. Byte strings are hexadecimal unless they are base64url. "
                       "draft: testvectors.json of draft-irtf-cfrg-cpace; lowOrder and products: Wycheproof; elligator2: RFC 9380 (and r of our own).",
        "wordsSha256": hashlib.sha256("\n".join(WORDS).encode()).hexdigest(),
        "roomKeys": [{"key": k.hex(), "roomId": room_id(k)} for k in keys],
        "links": [
            {"text": key_link(keys[0], "lobby"), "server": "https://192.0.2.1:4747/", "label": "lobby", "key": keys[0].hex(), "epoch": 1},
            {"text": key_link(keys[1], "b%C3%BCro", "&e=3&cert=" + b64(keys[0])), "server": "https://192.0.2.1:4747/", "label": "büro", "key": keys[1].hex(), "epoch": 3, "cert": b64(keys[0])},
        ],
        "seals": [
            {"key": keys[i % 2].hex(), "epoch": 1 + i, "from": ids[i], "to": ids[i + 1], "kind": ["candidate", "offer", "restart"][i], "session": ["abc123", ids[5], ""][i],
             "content": c, "salt": sample(f"salt {i}", 32).hex(), "sealed": seal(keys[i % 2], 1 + i, ids[i], ids[i + 1], ["candidate", "offer", "restart"][i], ["abc123", ids[5], ""][i], c, sample(f"salt {i}", 32))}
            for i, c in enumerate(contents)],
        "elligator2": [{"r": int(v["u"][0], 16).to_bytes(32, "little").hex(), "u": int(v["Q"]["x"], 16).to_bytes(32, "little").hex()} for v in ell2["vectors"]]
                      + [{"r": r.hex(), "u": elligator2(element(r)).hex()} for r in [bytes(32), bytes([1]) + bytes(31), b"\xff" * 32, (P - 1).to_bytes(32, "little"), *(sample(f"r {i}", 32) for i in range(16))]],
        "draft": {k: draft[k].lower() for k in ("PRS", "CI", "sid", "g", "ya", "ADa", "Ya", "yb", "ADb", "Yb", "K", "ISK_IR")},
        "lowOrder": low,
        "products": points,
        "codes": [
            exchange(7, "goat-piano", ids[0], ids[1], sample("na", 16), sample("nb", 16), sample("ya", 32), sample("yb", 32), key_link(keys[1], "lobby")),
            exchange(4711, "-".join(WORDS[i] for i in (0, 1023, 512, 77)), ids[3], ids[2], bytes(16), b"\xff" * 16, sample("yc", 32), sample("yd", 32), key_link(keys[0], "goats", "&cert=" + b64(keys[1]))),
        ],
        "safetyWords": [{"one": a, "other": b, "words": safety_words(a, b)} for a, b in [(ids[0], ids[1]), (ids[5], ids[2]), ("a" * 26, "7" * 26)]],
    }
    with open(os.path.join(HERE, "keys-2.json"), "w", encoding="utf-8", newline="\n") as out:
        json.dump(result, out, indent=2, ensure_ascii=False)
        out.write("\n")


main()
