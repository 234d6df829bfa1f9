#!/usr/bin/env python3
"""Whatever tinynet accepts as a safetensors file, the format's reference implementation accepts with the same bytes.

safetensors_differential.py PROGRAM [COUNT [SEED]]

PROGRAM is safetensors_list. COUNT files (20000) are made, good ones and damaged ones, always the same for a SEED (0).
What the reference accepts and tinynet refuses is counted by tinynet's reason and printed. Needs the Python package
safetensors; without it the exit status is 77, which ctest takes for "skipped".
"""

import collections
import json
import random
import re
import struct
import subprocess
import sys

try:
    import safetensors
except ImportError:
    print("skipped: this test needs the Python package safetensors")
    sys.exit(77)

SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
         "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
# Known to the reference alone, with the bits of a number.
OTHER_SIZES = {"F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
NAMES = ["a", "b", "l1.weight", "l1.bias", "lo.weight", "n", "", "x" * 256, "x" * 257, "\\u0061", "\\u00e9", "é",
         "tab\\t", "\\u0000", "\\u007f", "\\u0085", "\u0085", "\\ud83d\\ude00", "\\ud83d", "quote\\\"", "__metadata"]
NUMBERS = ["0", "1", "2", "3", "4", "7", "8", "12", "16", "-1", "-0", "4.0", "4e0", "1e3", "01", "+1", "null", '"4"',
           "true", "[]", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551608",
           "18446744073709551615", "18446744073709551616", "1e400", ""]
TOKENS = ["{", "}", "[", "]", ",", ":", '"', " ", "\n", "\t", "\0", "\\", "null", "true", "NaN", "//", "/**/", "'",
          "\ufeff", "\x7f", "é", "0", "1", "-", ".", "e", "\\u0061", "{}", "[]"]


class Tensor:
    """An entry of the header as texts, so that anything can be wrong with it."""

    def __init__(self, name, dtype, shape, begin, end):
        self.name = f'"{name}"'
        self.fields = [('"dtype"', f'"{dtype}"'), ('"shape"', shape), ('"data_offsets"', [begin, end])]

    def text(self):
        value = ",".join(f"{k}:{v if isinstance(v, str) else '[' + ','.join(map(str, v)) + ']'}" for k, v in self.fields)
        return f"{self.name}:{{{value}}}"


def checksum(tensors, data, metadata):
    """The checksum that tinynet writes, computed from its description in io/stored_tensor.hpp."""
    state = 0xCBF29CE484222325
    parts = b""
    for t in sorted(tensors, key=lambda t: json.loads(t.name).encode()):
        (_, dtype), (_, shape), (_, (begin, end)) = t.fields
        parts += b"\0".join([json.loads(t.name).encode(), dtype.strip('"').encode(), str(shape).encode(), b""])
        parts += data[begin:end]
    for key, value in sorted(metadata.items()):
        parts += key.encode() + b"\0" + value.encode() + b"\0"
    for byte in parts:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"tinynet-fnv1a64:{state:016x}"


def good_file(rng):
    """Tensors, data and metadata that fit together."""
    tensors, data = [], b""
    plain = [n for n in NAMES if n and len(n) <= 256 and "\\" not in n and "\u0085" not in n]
    for name in rng.sample(plain, rng.randrange(5)):
        dtype = rng.choice(list(SIZES))
        shape = [rng.choice([0, 1, 1, 2, 3]) for _ in range(rng.randrange(4))]
        size = SIZES[dtype]
        for n in shape:
            size *= n
        tensors.append(Tensor(name, dtype, shape, len(data), len(data) + size))
        data += rng.randbytes(size)
    metadata = {"format": "pt", "note": "é"} if rng.random() < 0.5 else {}
    if rng.random() < 0.4:
        metadata["tinynet.checksum"] = checksum(tensors, data, metadata)
    return tensors, data, metadata


def damage_tensor(rng, tensors):
    tensor = rng.choice(tensors)
    kind = rng.randrange(8)
    if kind == 0:
        tensor.name = '"' + rng.choice(NAMES) + '"'
    elif kind == 1:
        tensors.append(rng.choice(tensors))
    elif kind == 2:
        tensors.remove(tensor)
    elif kind == 3:
        field = rng.randrange(len(tensor.fields))
        change = rng.randrange(3)
        if change == 0:
            tensor.fields.append(tensor.fields[field])
        elif change == 1 and len(tensor.fields) > 1:
            del tensor.fields[field]
        else:
            tensor.fields.append(('"more"', "1"))
    elif kind == 4:
        dtype = rng.choice(list(SIZES) + list(OTHER_SIZES) + ["f32", "", "FLOAT"])
        tensor.fields[0] = (tensor.fields[0][0], f'"{dtype}"')
    elif kind in (5, 6):
        name, numbers = rng.choice(tensor.fields)
        if isinstance(numbers, list):
            numbers = list(numbers)
            change = rng.randrange(4)
            if change == 0:
                numbers.insert(rng.randrange(len(numbers) + 1), rng.choice(NUMBERS))
            elif change == 1 and numbers:
                del numbers[rng.randrange(len(numbers))]
            elif change == 2 and numbers and all(isinstance(n, int) for n in numbers):
                at = rng.randrange(len(numbers))
                numbers[at] += rng.choice([-1, 1, 4, -4])
            elif numbers:
                numbers[rng.randrange(len(numbers))] = rng.choice(NUMBERS)
            tensor.fields = [(k, numbers if k == name else v) for k, v in tensor.fields]
    else:
        rng.shuffle(tensors)


def damage_text(rng, text):
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(5)
    if kind == 0:
        return text[:at] + rng.choice(TOKENS) + text[at:]
    if kind == 1:
        return text[:at] + text[at + rng.randrange(1, 4):]
    if kind == 2:
        places = [m.span() for m in re.finditer(r"\d+", text)] or [(at, at)]
        begin, end = rng.choice(places)
        return text[:begin] + rng.choice(NUMBERS) + text[end:]
    if kind == 3:
        return rng.choice([" ", "\n", "\t\r", "\ufeff", "\0"]) + text
    return text + rng.choice([" ", "\n", "   ", "\0", "{}", "x"])


def one_file(rng):
    """A file with some damage, or none."""
    tensors, data, metadata = good_file(rng)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2])):
        if tensors:
            damage_tensor(rng, tensors)
    parts = [t.text() for t in tensors]
    if metadata:
        entries = [f"{json.dumps(k)}:{json.dumps(v, ensure_ascii=False)}" for k, v in metadata.items()]
        if rng.random() < 0.2:
            entries.append(rng.choice(entries + ['"k":null', '"k":1', '"k":{}', '"\\u0000":"\\u0000"', '"":""']))
        parts.insert(0 if rng.random() < 0.8 else len(parts), '"__metadata__":{' + ",".join(entries) + "}")
        if rng.random() < 0.03:
            parts.append(rng.choice([parts[0], '"__metadata__":{}', '"__metadata__":null']))
    elif rng.random() < 0.1:
        parts.append('"__metadata__":' + rng.choice(["{}", "null", "[]", "1", '""']))
    text = "{" + ",".join(parts) + "}"
    for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
        text = damage_text(rng, text)
    header = text.encode("utf-8", "surrogatepass")
    length = len(header)
    if rng.random() < 0.05:
        length = rng.choice([0, 1, 2, length - 1, length + 1, 2**32, 2**63, 2**64 - 1, 100_000_001, length << 56])
    file = bytearray(struct.pack("<Q", length % 2**64) + header + data)
    kind = rng.randrange(12)
    if kind == 0:
        file[rng.randrange(len(file))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del file[rng.randrange(len(file)):]
    elif kind == 2:
        file += rng.randbytes(rng.randrange(1, 9))
    return bytes(file)


def by_reference(file):
    """The tensors as safetensors_list prints them, or None."""
    try:
        tensors = safetensors.deserialize(file)
    except safetensors.SafetensorError:
        return None
    return sorted(f"{name.encode().hex()}:{t['dtype']}:{','.join(map(str, t['shape']))}:{bytes(t['data']).hex()}"
                  for name, t in tensors)


def reason_of(line):
    """What tinynet's message says without the names and numbers of this file."""
    text = re.sub(r"^refused file: at byte \d+(?: \(.*?\))?: ", "", line)
    what, _, rest = text.partition("; expected ")
    what = re.sub(r"^(.*: )?(overlaps|leaves a gap after|bytes after) .*", r"\2 another tensor", what)
    what = re.sub(r"^the (tensor|field|key of __metadata__) .* occurs twice", r"\1 occurs twice", what)
    if what in ("unknown dtype", "not a name for a tensor", "a value of the wrong kind"):
        found = rest.partition(", found ")[2]
        what += ": " + re.sub(r" in .*", "", re.sub(r"of \d+ bytes", "of more than 256 bytes", found))
    return what


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    totals, reasons, examples, wrong = collections.Counter(), collections.Counter(), {}, []
    for start in range(0, count, 1000):
        files = [one_file(rng) for _ in range(min(1000, count - start))]
        frames = b"".join(struct.pack("<I", len(f)) + f for f in files)
        lines = subprocess.run([program], input=frames, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        if len(lines) != len(files):
            sys.exit(f"{program} answered {len(lines)} times to {len(files)} files")
        for file, line in zip(files, lines):
            reference = by_reference(file)
            accepted = line.startswith("accepted")
            totals[accepted, reference is not None] += 1
            if accepted and sorted(line.split()[1:]) != reference:
                wrong.append((file, line, reference))
            if not accepted and reference is not None:
                reasons[reason_of(line)] += 1
                examples.setdefault(reason_of(line), file)
    print(f"{count} files, safetensors {safetensors.__version__}:")
    print(f"{totals[True, True]:8} accepted by both\n{totals[False, False]:8} refused by both")
    print(f"{totals[True, False]:8} accepted by tinynet alone")
    print(f"{totals[False, True]:8} accepted by the reference alone; tinynet's reasons:")
    for reason, n in reasons.most_common():
        print(f"{n:8}   {reason}")
    if "-v" in sys.argv:
        for reason, file in examples.items():
            print(f"\n{reason}: {file!r}")
    for file, line, reference in wrong[:10]:
        print(f"\nWRONG: {file!r}\n  tinynet: {line}\n  reference: {reference}")
    if wrong or not totals[True, True] or not totals[False, False]:
        sys.exit(f"{len(wrong)} files are read otherwise than by the reference")


if __name__ == "__main__":
    main()
