#!/usr/bin/env python3
"""embed.py OUTPUT HEADER NAME=FILE...: a C++ source that defines coppice::detail::NAME, the text of FILE."""

import sys


def literal(text):
    """Raw literals side by side: the standard promises room for 65,536 characters in one."""
    assert ')text"' not in text
    pieces = [text[i:i + 16000] for i in range(0, len(text), 16000)] or [""]
    return "\n".join(f'R"text({piece})text"' for piece in pieces)


def main():
    output, header, *named = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as source:
        source.write(f"#include <{header}>\n\nnamespace coppice::detail {{\n\n")
        for each in named:
            name, file = each.split("=", 1)
            with open(file, encoding="utf-8") as text:
                source.write(f"extern const std::string_view {name} =\n{literal(text.read())};\n\n")
        source.write("}  // namespace coppice::detail\n")


main()
